"""The real ClickHouse engine, as the warehouse's own tests open it."""

from tests.warehouse.conftest import engine, engine_threads, threads

__all__ = ["engine", "engine_threads", "threads"]
