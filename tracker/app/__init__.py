"""The composition root: builds every dependency and mounts every route. Nothing is built anywhere else."""

from tracker.app.demo_process import demo_shops
from tracker.app.desk import migrate, open_staff, query, replay_once
from tracker.app.drain_process import run_drain
from tracker.app.installation import (
    adopt_terms,
    check_valkey_server,
    dialect_fields,
    first_partner,
    load,
    note_running,
    prepare,
    running,
)
from tracker.app.simulated import simulated_service
from tracker.app.web_worker import web_worker

__all__ = [
    "adopt_terms",
    "check_valkey_server",
    "demo_shops",
    "dialect_fields",
    "first_partner",
    "load",
    "migrate",
    "note_running",
    "open_staff",
    "prepare",
    "query",
    "replay_once",
    "run_drain",
    "running",
    "simulated_service",
    "web_worker",
]  # fmt: skip
