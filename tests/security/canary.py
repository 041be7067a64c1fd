"""A programme whose secrets can be looked for everywhere."""

import json
from collections.abc import Iterator

from tests.running import RunningTracker, secrets_of
from tracker.core.standard_webhooks import secret_of
from tracker.reports.access import partner_token

ENVIRONMENT = {
    "LAB_POSTBACK_SECRET": "canary-of-the-lab-0123456789",
    "QUIET_POSTBACK_SECRET": "canary-of-the-quiet-9876543210",
    "LAB_SIGNATURE_KEY": "canary-of-a-signature-key-55",
    "NOTIFY_SECRET": secret_of(b"canary-of-the-notifications-6666"),
}
_PARTNER = """
  - id: {id}
    name: {id}
    category: online-shops
    link: "https://{id}.example/?sub={{click_id}}&to={{url}}"
    home: https://{id}.example/
    hosts: [{id}.example]
    terms: [{{from: 2019-01-01, rate: 5%}}]
    postback: {postback}
"""
PROGRAMME = """
programme:
  name: Canaries
  timezone: Europe/Moscow
  notify: {url: "http://127.0.0.1:9/", secret: {env: NOTIFY_SECRET}}
partners:
""" + "".join(
    _PARTNER.format(id=name, postback=postback)
    for name, postback in {
        "lab": "{dialect: impact, secret: {env: LAB_POSTBACK_SECRET}}",
        "quiet": "{dialect: generic, secret: {env: QUIET_POSTBACK_SECRET}}",
        "signed": "{dialect: generic, secret: {env: LAB_POSTBACK_SECRET_2}, "
        "auth: {parameter: token, secret: {env: LAB_SIGNATURE_KEY}}}",
    }.items()
)


def secrets_in_use(tracker: RunningTracker) -> Iterator[tuple[str, bytes]]:
    """Every text that opens something, by its name."""
    keys = json.loads((tracker.data / "secrets.json").read_text())
    yield from ((name, value.encode()) for name, value in ENVIRONMENT.items())
    yield from ((name, text.encode()) for name, text in _texts("", keys))
    for partner in ("lab", "quiet", "signed"):
        yield f"the page of {partner}", partner_token(secrets_of(tracker).pages, partner).encode()


def _texts(name: str, value: object) -> Iterator[tuple[str, str]]:
    """Every text within, by where it stands."""
    if isinstance(value, str):
        yield name, value
    elif isinstance(value, dict):
        for inner, one in value.items():
            yield from _texts(f"{name}.{inner}", one)
    elif isinstance(value, list):
        for number, one in enumerate(value):
            yield from _texts(f"{name}.{number}", one)
