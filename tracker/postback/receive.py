"""The flow of one request: prove the sender, read, decide, answer. What is answered 2xx is in the ledger."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from tracker.core.partner import Partner
from tracker.core.reasons import MessageCode
from tracker.core.report import Report
from tracker.errors import StoreUnavailableError
from tracker.ports import Change, RawPostback
from tracker.postback.authenticate import find_partner
from tracker.postback.books import Books
from tracker.postback.ingest import Ingest, Ingested
from tracker.postback.kept import new_postback_id, postback_fact, storable
from tracker.postback.mask import mask
from tracker.postback.read import parameters, read
from tracker.postback.refusal import Refusal
from tracker.postback.reply import Reply, http_status, reply
from tracker.postback.request import RawRequest

NOTE_CHARACTERS = 500
_PLAIN = "generic"  # the dialect in which a sender whom we do not know is answered

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Received:
    """One request with where it came from. `secret` is in no log and in no store."""

    partner_id: str
    secret: str
    request: RawRequest
    address_hash: int = 0
    request_id: str = ""

    def __repr__(self) -> str:
        return f"Received({self.partner_id!r}, {self.request_id!r})"


# Told the partner (empty if unknown) and the verdict of every request; for metrics.
Count = Callable[[str, str], None]


class Receive:
    def __init__(
        self,
        *,
        partners: Callable[[], Mapping[str, Partner]],
        books: Books,
        ingest: Ingest,
        now: Callable[[], datetime],
        random: Callable[[int], bytes],
        count: Count,
    ) -> None:
        """`partners` is asked for every request, so that a reload counts at once; `random` gives that many bytes."""
        self._partners = partners
        self._books = books
        self._ingest = ingest
        self._now = now
        self._random = random
        self._count = count

    async def receive(self, received: Received) -> Reply:
        partner = find_partner(self._partners(), received.partner_id, received.secret)
        if partner is None:
            return self.refuse(MessageCode.WRONG_SECRET)
        raw = self._raw(received, partner)
        try:
            ingested, sentence = await self._take(partner, raw, received.request)
        except Exception:  # noqa: BLE001 - whatever it is, the sender must send it again
            _log.exception("Postback %s of %s could not be stored", raw.postback_id, partner.id)
            return self.refuse(MessageCode.NOT_STORED, partner)
        return self._answer(partner, raw, ingested, sentence)

    def refuse(self, code: MessageCode, partner: Partner | None = None) -> Reply:
        """Counted and not kept."""
        self._count(partner.id if partner else "", str(code))
        return reply(partner.postback.dialect if partner else _PLAIN, code, received_id="")

    async def _take(self, partner: Partner, raw: RawPostback, request: RawRequest) -> tuple[Ingested, str]:
        """What became of it, and the sentence of a refusal. Once it is written nothing here may fail: the sender would
        send it again, or it would be written twice."""
        report: Report | None = None
        try:
            said = read(partner, request)
            if isinstance(said, Refusal):
                await self._keep_refusal(raw, said)
                return Ingested(said.code), said.sentence
            report = said
            return await self._ingest.take(raw, report), ""
        except StoreUnavailableError:
            raise
        except Exception as fault:  # noqa: BLE001 - kept all the same, and decided when the fault is mended
            _log.exception("Postback %s of %s could not be decided", raw.postback_id, partner.id)
            note = storable(f"{type(fault).__name__}: {fault}"[:NOTE_CHARACTERS])
            fact = postback_fact(raw, MessageCode.FAILED, report=report)
            await self._books.write(Change(fact=fact, raw=raw, note=note))
            return Ingested(MessageCode.FAILED), ""

    async def _keep_refusal(self, raw: RawPostback, refusal: Refusal) -> None:
        fact = postback_fact(raw, refusal.code, http_status=http_status(refusal.code))
        await self._books.write(Change(fact=fact, raw=raw, note=storable(refusal.sentence)))

    def _answer(self, partner: Partner, raw: RawPostback, ingested: Ingested, sentence: str) -> Reply:
        self._count(partner.id, str(ingested.code or "decided"))
        return reply(
            partner.postback.dialect,
            ingested.code,
            received_id=raw.postback_id,
            sentence=sentence,
            decision=ingested.decision,
        )

    def _raw(self, received: Received, partner: Partner) -> RawPostback:
        now = self._now()
        request = mask(received.request, used=parameters(partner), secrets=partner.postback.secrets)
        return RawPostback(
            postback_id=new_postback_id(now, self._random(10)),
            received_at=now,
            partner_id=partner.id,
            dialect=partner.postback.dialect,
            method=request.method,
            query=storable(request.query),
            content_type=storable(request.content_type),
            body=request.body,
            address_hash=received.address_hash,
            request_id=storable(received.request_id),
        )
