"""The composition root: builds every dependency and mounts every route. Nothing is built anywhere else.

A part is imported when it is first asked for: each process of `serve` needs a few, and a command one or two.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tracker.app.backup import back_up, restore
    from tracker.app.books import adopt_terms, as_in_force, is_nothing_new, migrate_books
    from tracker.app.demo_process import demo_shops
    from tracker.app.desk import migrate, open_staff, query, replay_once
    from tracker.app.drain_process import run_drain
    from tracker.app.erasing import erase
    from tracker.app.exchange_rates import import_rates, list_rates
    from tracker.app.installation import (
        check_postgres_server,
        dialect_fields,
        dialects_with_own_paths,
        first_partner,
        load,
        make_keys,
        note_running,
        prepare,
        running,
    )
    from tracker.app.notices import notify_settings, open_notice_list, refuse_unless_notified, send_trial
    from tracker.app.reconciling import open_reconciling
    from tracker.app.reloading import ReloadPlan, adopt, plan_reload
    from tracker.app.simulated import simulated_service
    from tracker.app.trying import try_postback
    from tracker.app.upkeep import Told, rebuild
    from tracker.app.valkey_server import check_valkey_server
    from tracker.app.web_worker import open_web_worker

_MODULES = {
    "backup": ("back_up", "restore"),
    "books": ("adopt_terms", "as_in_force", "is_nothing_new", "migrate_books"),
    "demo_process": ("demo_shops",),
    "desk": ("migrate", "open_staff", "query", "replay_once"),
    "drain_process": ("run_drain",),
    "erasing": ("erase",),
    "exchange_rates": ("import_rates", "list_rates"),
    "installation": (
        "check_postgres_server",
        "dialect_fields",
        "dialects_with_own_paths",
        "first_partner",
        "load",
        "make_keys",
        "note_running",
        "prepare",
        "running",
    ),
    "notices": ("notify_settings", "open_notice_list", "refuse_unless_notified", "send_trial"),
    "reconciling": ("open_reconciling",),
    "reloading": ("ReloadPlan", "adopt", "plan_reload"),
    "simulated": ("simulated_service",),
    "trying": ("try_postback",),
    "upkeep": ("Told", "rebuild"),
    "valkey_server": ("check_valkey_server",),
    "web_worker": ("open_web_worker",),
}
_WHERE = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)
