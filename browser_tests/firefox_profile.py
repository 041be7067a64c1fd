"""What each profile of Firefox is told: to keep quiet, to let us in, and to load no add-on by itself."""

import json
from collections.abc import Mapping
from pathlib import Path

_PREFERENCES = {
    "marionette.port": 0,  # a free one, written into the profile
    "extensions.enabledScopes": 5,  # else Debian's uBlock Origin loads by itself
    "extensions.autoDisableScopes": 0,
    "extensions.update.enabled": False,
    "app.normandy.enabled": False,
    "browser.aboutwelcome.enabled": False,
    "browser.safebrowsing.update.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "browser.sessionstore.resume_from_crash": False,
    "browser.startup.page": 0,
    "browser.tabs.warnOnClose": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "datareporting.policy.dataSubmissionPolicyBypassNotification": True,
    "dom.disable_open_during_load": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "services.settings.server": "data:,#remote-settings-dummy/v1",
    "termsofuse.bypassNotification": True,
    "toolkit.startup.max_resumed_crashes": -1,
}


def write_preferences(profile: Path, more: Mapping[str, object]) -> None:
    """Firefox reads them once, when it starts."""
    lines = [
        f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in (_PREFERENCES | {**more}).items()
    ]
    (profile / "user.js").write_text("\n".join(lines))
