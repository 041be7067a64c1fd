"""A request in a partner's dialect -> what it says, or why it says nothing (design, section 6; postbacks.md 6)."""

from dataclasses import dataclass, replace
from functools import lru_cache

from tracker.core.partner import AmountIs, Amounts, Origin, Partner, PostbackProfile
from tracker.core.reasons import MessageCode
from tracker.core.report import Report, Status
from tracker.postback import values
from tracker.postback.dialects import DIALECTS
from tracker.postback.dialects.dialect import Said, Shape
from tracker.postback.refusal import Refusal
from tracker.postback.request import RawRequest, fields
from tracker.postback.sums import Sums
from tracker.postback.words import RefusedError, Words

_MAX_ORDER_ID = 255
_OUR_WORDS = {str(status): Said(status) for status in Status}  # of `defaults:`, whatever the sender's own are


def read(partner: Partner, request: RawRequest) -> Report | Refusal:
    """What the message says. Never raises for any bytes."""
    shape = DIALECTS[partner.postback.dialect].shape(request.shape)
    sent = fields(request, partner.postback.json_field or shape.json_field)
    if isinstance(sent, Refusal):
        return sent
    profile = partner.postback
    words = Words(partner, shape, sent, dict(profile.mapping), dict(profile.defaults))
    try:
        return _Reader(words, Sums(words, amounts_of(profile, shape))).report()
    except RefusedError as refused:
        order_id = (words.text("order_id") or "")[:_MAX_ORDER_ID]
        return Refusal(refused.code, refused.sentence, order_id, (words.text("click_id") or "")[:_MAX_ORDER_ID])


def parameters(partner: Partner) -> frozenset[str]:
    """Every parameter that is read of the partner's messages."""
    return _parameters(partner.postback.dialect, partner.postback.mapping)


@lru_cache(maxsize=10_000)
def _parameters(dialect: str, mapping: tuple[tuple[str, tuple[str, ...]], ...]) -> frozenset[str]:
    """There are as many as partners.yaml has partners."""
    named = {name for _, names in mapping for name in names}
    return frozenset(named).union(*(shape.parameters for shape in DIALECTS[dialect].shapes))


def amounts_of(profile: PostbackProfile, shape: Shape) -> Amounts:
    """What partners.yaml states wins over what the network's own documents say."""
    if shape.amounts is None:
        return profile.amounts
    return replace(shape.amounts, **{name: getattr(profile.amounts, name) for name in profile.stated})


@dataclass(frozen=True, slots=True)
class _Reader:
    words: Words
    sums: Sums

    def report(self) -> Report:
        self._refuse_what_is_no_order()
        said = self._status()
        goods, as_sent = self.sums.goods()
        basket = tuple(self.sums.basket(goods))
        return Report(
            order_id=self._order_id(),
            line_id=self._line_id(),
            line_count=self.words.count("line_count"),
            event_id=self.words.text("event_id"),
            click_id=self.words.text("click_id"),
            status=said.status if said else None,
            status_as_sent=self.words.text("status"),
            hold=self.words.truth("hold") if self.words.text("hold") else (said.hold if said else None),
            settled=self.words.truth("settled") if self.words.text("settled") else (said.settled if said else None),
            goods=None if basket else goods,
            commission=self.sums.sum("commission"),
            currency=self.sums.currency(),
            currency_if_new=self.sums.currency_if_new() if goods is not None or basket else None,
            tariff=self.words.text("tariff"),
            promo_code=self.words.text("promo_code"),
            origin=self._origin(),
            order_time=self.words.time("order_time"),
            event_time=self.words.time("event_time"),
            sums_as_sent=as_sent,
            basket=basket,
        )

    def _refuse_what_is_no_order(self) -> None:
        if not any(value.strip() for value in self.words.sent.values()):
            raise RefusedError(MessageCode.EMPTY, "The message has no parameters.")
        events = self.words.shape.events & self.words.sent.keys()
        if events and self.words.text("order_id") is None:
            raise RefusedError(MessageCode.EMPTY, f"The message is about {', '.join(sorted(events))}, not an order.")
        if values.truth(self.words.sent.get("test", "").strip()):
            raise RefusedError(MessageCode.TEST, "The message is a test.")
        for field in ("click_id", "order_id"):
            name = self.words.parameter(field)
            if values.is_macro(self.words.sent.get(name, "")):
                raise RefusedError(MessageCode.MACRO, f"{name} is a macro that the network did not fill in.")

    def _order_id(self) -> str:
        order_id = self.words.text("order_id")
        if order_id is None:
            raise RefusedError(MessageCode.ORDER_MISSING, f"{self.words.parameter('order_id')} is missing.")
        if len(order_id) > _MAX_ORDER_ID:
            raise RefusedError(
                MessageCode.ORDER_MISSING,
                f"{self.words.parameter('order_id')} is longer than {_MAX_ORDER_ID} characters.",
            )
        return order_id

    def _line_id(self) -> str:
        line_id = self.words.text("line_id") or ""
        if self.words.shape.corrections and not line_id:
            # Two equal rows that take away could not be told from one that came twice.
            raise RefusedError(
                MessageCode.ORDER_MISSING, f"{self.words.parameter('line_id')} is missing: each row needs its own."
            )
        # The lines of a partner who says so are each sent with the sum of them all.
        stated_total = "is_" in self.words.partner.postback.stated and self.sums.amounts.is_ is AmountIs.ORDER_TOTAL
        return "" if stated_total and not self.words.shape.corrections else line_id

    def _status(self) -> Said | None:
        """None for a word that nobody explained: it never approves."""
        word = (self.words.text("status") or "").lower()
        own = _own_words(self.words.partner.postback.statuses)
        if word in own:
            return own[word]
        for name, said in self.words.shape.listed.items():
            if word and word in [one.strip().lower() for one in self.words.sent.get(name, "").split(",")]:
                return said
        return self.words.shape.statuses.get(word) or (None if self.words.stated("status") else _OUR_WORDS.get(word))

    def _origin(self) -> Origin | None:
        word = (self.words.text("origin") or "").lower()
        return self.words.shape.origins.get(word) or next((origin for origin in Origin if origin == word), None)


def _own_words(statuses: tuple[tuple[str, str], ...]) -> dict[str, Said]:
    """`{"4": "pending+hold", "1": approved}`: where one word holds, the others end the hold."""
    holds = any("+hold" in ours for _, ours in statuses)
    return {
        theirs.lower(): Said(
            Status(ours.partition("+")[0]),
            hold="+hold" in ours if holds else None,
            settled=True if "+settled" in ours else None,
        )
        for theirs, ours in statuses
    }
