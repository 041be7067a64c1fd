"""Why rows that otherwise never change were changed, or went: kept for ever beside them."""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

import msgspec

from tracker.store.postgres.connect import Connection

_KEEP = "INSERT INTO upkeep_acts (kind, at, staff, reason, changed) VALUES ($1, $2, $3, $4, $5::jsonb) RETURNING id"
_ALLOW = "SELECT set_config('tracker.upkeep_act', $1::text, true)"
_NOTE = "UPDATE upkeep_acts SET changed = $2::jsonb WHERE id = $1"


class UpkeepAct(NamedTuple):
    kind: str
    at: datetime
    staff: str
    reason: str


async def keep_act(connection: Connection, act: UpkeepAct, changed: Mapping[str, object]) -> int:
    """Returns its number."""
    number: int = await connection.fetchval(_KEEP, *act, _json(changed))
    return number


async def begin_act(connection: Connection, act: UpkeepAct) -> int:
    """From now on this transaction may change such rows; what it changed is told by `note_changed`."""
    number = await keep_act(connection, act, {})
    await connection.execute(_ALLOW, str(number))
    return number


async def note_changed(connection: Connection, number: int, changed: Mapping[str, object]) -> None:
    await connection.execute(_NOTE, number, _json(changed))


def _json(changed: Mapping[str, object]) -> str:
    return msgspec.json.encode(changed).decode()
