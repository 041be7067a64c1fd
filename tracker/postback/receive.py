"""The flow of one request: prove the sender, read, decide, answer. What is answered 2xx is in the ledger."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from tracker.core.partner import Partner
from tracker.core.proof import proof_parameters, proof_secrets
from tracker.core.reasons import MessageCode
from tracker.core.report import Report
from tracker.errors import StoreUnavailableError
from tracker.ports import Change, RawPostback
from tracker.postback.authenticate import find_partner
from tracker.postback.books import Books
from tracker.postback.dialects import DIALECTS
from tracker.postback.ingest import Ingest, Ingested
from tracker.postback.kept import new_postback_id, postback_fact, storable
from tracker.postback.mask import mask
from tracker.postback.read import parameters, read
from tracker.postback.refusal import Refusal
from tracker.postback.reply import Reply, Voice, http_status, reply, voice, voice_at
from tracker.postback.request import RawRequest
from tracker.postback.senders import Call, Senders, is_proved, shaped
from tracker.web.gate import Gates
from tracker.web.strangers import Strangers

NOTE_CHARACTERS = 500

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Received:
    """One request with where it came from. `secret` is in no log and in no store; at a network's own path there is
    neither partner nor secret."""

    call: Call
    partner_id: str = ""
    secret: str = ""
    address_hash: int = 0
    request_id: str = ""

    def __repr__(self) -> str:
        return f"Received({self.partner_id!r}, {self.request_id!r})"


# Told the partner (empty if unknown) and the verdict of every request; for metrics.
Count = Callable[[str, str], None]
# Told the partner and the sender's address; whether one more of its messages is over its limit.
IsOver = Callable[[str, str], bool]


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
        word_unknown: Callable[[str], None],
        gates: Gates,
        strangers: Strangers,
        is_over: IsOver = lambda _partner, _address: False,
        not_earned: Callable[[str], None] = lambda _: None,
    ) -> None:
        """`partners` is asked for every request, so that a reload counts at once; `random` gives that many bytes.
        `word_unknown` is told the partner, `not_earned` each reason of a decision. `gates` keep one partner's flood
        from the others, `strangers` that of whoever has proved nothing."""
        self._partners = partners
        self._books = books
        self._ingest = ingest
        self._now = now
        self._random = random
        self._count = count
        self._word_unknown = word_unknown
        self._not_earned = not_earned
        self._gates = gates
        self._strangers = strangers
        self._is_over = is_over
        self._known: tuple[Mapping[str, Partner], Senders] = ({}, Senders(()))

    async def receive(self, received: Received) -> Reply:
        partner = find_partner(self._partners(), received.partner_id, received.secret)
        if partner is None:
            is_over = self._strangers.is_over(received.call.address)
            return self.refuse(MessageCode.BUSY if is_over else MessageCode.WRONG_SECRET)
        answer = await self._gates.through(partner.id, self._receive_of(partner, received))
        return answer or self.refuse(MessageCode.BUSY, voice(partner, ""), partner.id)

    async def _receive_of(self, partner: Partner, received: Received) -> Reply:
        found = shaped(partner, received.call)
        if not is_proved(partner, found.presented, self._now()):
            return self.refuse(MessageCode.WRONG_AUTH, voice(partner, found.request.shape), partner.id)
        return await self._keep(partner, found.request, received)

    async def receive_at_own_path(self, received: Received) -> Reply:
        """At a path of a network's, whoever's proof the request brings. Before it is read nobody knows whose it is:
        the gate is that of its address."""
        answer = await self._strangers.through(received.call.address, self._receive_of_somebody(received))
        return answer or self.refuse(MessageCode.BUSY, voice_at(received.call.path))

    async def _receive_of_somebody(self, received: Received) -> Reply:
        found = self._senders().find(received.call, self._now())
        if found is None:
            return self.refuse(MessageCode.WRONG_AUTH, voice_at(received.call.path))
        partner, said = found
        self._strangers.has_proved(received.call.address)
        return await self._keep(partner, said.request, received)

    def refuse(self, code: MessageCode, spoken: Voice | None = None, partner_id: str = "") -> Reply:
        """Counted and not kept."""
        self._count(partner_id, str(code))
        return reply(spoken or Voice(), code, received_id="")

    def _senders(self) -> Senders:
        partners = self._partners()
        if self._known[0] is not partners:
            self._known = partners, Senders(partners.values())
        return self._known[1]

    async def _keep(self, partner: Partner, request: RawRequest, received: Received) -> Reply:
        if self._is_over(partner.id, received.call.address):
            return self.refuse(MessageCode.BUSY, voice(partner, request.shape), partner.id)
        raw = self._raw(received, partner, request)
        try:
            ingested, sentence = await self._take(partner, raw, request)
        except Exception as fault:  # noqa: BLE001 - whatever it is, the sender must send it again
            is_ours = not isinstance(fault, StoreUnavailableError)  # of a store that is away a line a message is enough
            _log.error(
                "Postback %s of %s could not be stored: %s", raw.postback_id, partner.id, fault, exc_info=is_ours
            )
            return self.refuse(MessageCode.NOT_STORED, voice(partner, request.shape), partner.id)
        self._count(partner.id, str(ingested.code or "decided"))
        for reason in ingested.decision.reasons if ingested.decision else ():
            self._not_earned(str(reason))
        return reply(
            voice(partner, request.shape),
            ingested.code,
            received_id=raw.postback_id,
            sentence=sentence,
            decision=ingested.decision,
        )

    async def _take(self, partner: Partner, raw: RawPostback, request: RawRequest) -> tuple[Ingested, str]:
        """What became of it, and the sentence of a refusal. Once it is written nothing here may fail: the sender would
        send it again, or it would be written twice."""
        report: Report | None = None
        try:
            said = read(partner, request)
            if isinstance(said, Refusal):
                await self._keep_refusal(raw, said, voice(partner, request.shape))
                return Ingested(said.code), said.sentence
            report = said
            if said.status is None and said.status_as_sent is not None:
                self._word_unknown(partner.id)
            return await self._ingest.take(raw, report), ""
        except StoreUnavailableError:
            raise
        except Exception as fault:  # noqa: BLE001 - kept all the same, and decided when the fault is mended
            _log.exception("Postback %s of %s could not be decided", raw.postback_id, partner.id)
            note = storable(f"{type(fault).__name__}: {fault}"[:NOTE_CHARACTERS])
            fact = postback_fact(raw, MessageCode.FAILED, report=report)
            await self._books.write(Change(fact=fact, raw=raw, note=note))
            return Ingested(MessageCode.FAILED), ""

    async def _keep_refusal(self, raw: RawPostback, refusal: Refusal, voice: Voice) -> None:
        status = http_status(refusal.code, always_200=voice.always_200)
        fact = postback_fact(raw, refusal.code, http_status=status, report=refusal)
        await self._books.write(Change(fact=fact, raw=raw, note=storable(refusal.sentence)))

    def _raw(self, received: Received, partner: Partner, request: RawRequest) -> RawPostback:
        now = self._now()
        profile = partner.postback
        kept = mask(
            request,
            used=parameters(partner),
            secrets=(*profile.secrets, *proof_secrets(profile.auth)),
            hidden=proof_parameters(profile.auth).union(DIALECTS[profile.dialect].proof),
        )
        return RawPostback(
            postback_id=new_postback_id(now, self._random(10)),
            received_at=now,
            partner_id=partner.id,
            dialect=f"{profile.dialect}/{request.shape}".rstrip("/"),
            method=kept.method,
            query=storable(kept.query),
            content_type=storable(kept.content_type),
            body=kept.body,
            address_hash=received.address_hash,
            request_id=storable(received.request_id),
        )
