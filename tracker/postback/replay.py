"""Decides what was kept and not decided: requests whose click could not be looked up, and those that we failed on."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass

from tracker.core.partner import Partner
from tracker.core.reasons import MessageCode
from tracker.errors import StoreUnavailableError
from tracker.ports import Change, Waiting
from tracker.postback.books import StaffBooks
from tracker.postback.ingest import Ingest
from tracker.postback.kept import STATEMENT, kept_request, postback_fact, stated
from tracker.postback.read import read
from tracker.postback.refusal import Refusal
from tracker.postback.reply import http_status

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Replayed:
    """How many requests were taken up, and how many of them still wait: their click cannot be looked up yet
    (`deferred`), or we fail on them again (`failed`)."""

    seen: int = 0
    deferred: int = 0
    failed: int = 0


async def replay(books: StaffBooks, ingest: Ingest, partners: Mapping[str, Partner]) -> Replayed:
    """Oldest first, each with its original receipt time. Raises StoreUnavailableError when the ledger is away; what
    was decided until then stays decided."""
    seen = deferred = failed = 0
    after = None
    while page := await books.waiting(after):
        for waiting in page:
            seen += 1
            code = await _again(books, ingest, partners, waiting)
            deferred += code is MessageCode.DEFERRED
            failed += code is MessageCode.FAILED
        after = page[-1].raw.received_at, page[-1].raw.postback_id
    return Replayed(seen, deferred, failed)


async def _again(
    books: StaffBooks, ingest: Ingest, partners: Mapping[str, Partner], waiting: Waiting
) -> MessageCode | None:
    raw = waiting.raw
    partner = partners.get(raw.partner_id)
    if partner is None:
        _log.error("Postback %s stays: %s is not among the partners", raw.postback_id, raw.partner_id)
        return MessageCode.FAILED
    try:
        said = stated(raw) if raw.dialect == STATEMENT else read(partner, kept_request(raw))
        if isinstance(said, Refusal):
            fact = postback_fact(raw, said.code, http_status=http_status(said.code), version=waiting.version + 1)
            await books.write(Change(fact=fact, note=said.sentence))
            return said.code
        ingested = await ingest.retake(waiting, said)
    except StoreUnavailableError:
        raise
    except Exception:  # noqa: BLE001 - the others must not wait for this one
        _log.exception("Postback %s of %s failed again", raw.postback_id, raw.partner_id)
        return MessageCode.FAILED
    return ingested.code if ingested else None
