"""The fixtures of the real stores, and of a whole running tracker, for every test."""

from tests.running import running_tracker
from tests.stores import postgres_dsn, postgres_server, postgres_template, stores_folder, valkey, valkey_server

__all__ = [
    "postgres_dsn",
    "postgres_server",
    "postgres_template",
    "running_tracker",
    "stores_folder",
    "valkey",
    "valkey_server",
]
