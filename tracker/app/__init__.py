"""The composition root: builds every dependency and mounts every route. Nothing is built anywhere else."""

from tracker.app.backup import back_up, restore
from tracker.app.demo_process import demo_shops
from tracker.app.desk import migrate, open_staff, query, replay_once
from tracker.app.drain_process import run_drain
from tracker.app.erasing import erase
from tracker.app.exchange_rates import import_rates, list_rates
from tracker.app.installation import (
    adopt_terms,
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
from tracker.app.web_worker import web_worker

__all__ = [
    "ReloadPlan",
    "Told",
    "adopt",
    "adopt_terms",
    "back_up",
    "check_postgres_server",
    "check_valkey_server",
    "demo_shops",
    "dialect_fields",
    "dialects_with_own_paths",
    "erase",
    "first_partner",
    "import_rates",
    "list_rates",
    "load",
    "make_keys",
    "migrate",
    "note_running",
    "notify_settings",
    "open_notice_list",
    "open_reconciling",
    "open_staff",
    "plan_reload",
    "prepare",
    "query",
    "rebuild",
    "refuse_unless_notified",
    "replay_once",
    "restore",
    "run_drain",
    "running",
    "send_trial",
    "simulated_service",
    "try_postback",
    "web_worker",
]  # fmt: skip
