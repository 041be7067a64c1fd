"""The pages of partners and of staff, put together: the same in a web worker and in their tests."""

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from tracker.app.trying import NO_KEY
from tracker.core.partner import Programme
from tracker.core.signing_keys import since_ever
from tracker.keys import Keys
from tracker.ports import ClickIds
from tracker.postback.addresses import addresses, paths
from tracker.postback.asking import asking
from tracker.postback.sample import example_query
from tracker.postback.staff import NotDone, Staff
from tracker.postback.status_words import is_known, status_words
from tracker.postback.trial import Trial, try_postback
from tracker.redirect.click_id import SignedClickIds
from tracker.redirect.tokens import OpenedTokens
from tracker.reports.access import Access, partner_token
from tracker.reports.desk.endpoint import DeskPages
from tracker.reports.desk.forms import Act, ActKind, FormTokens
from tracker.reports.partner.endpoint import PartnerPages, Told
from tracker.store.desk_orders import DeskOrders
from tracker.store.ledger import Ledger
from tracker.store.partner_log import PartnerLog

_CLICK_BEFORE = timedelta(hours=1)  # the imagined click of a trial


def partner_pages(
    programme: Callable[[], Programme],
    ledger: Ledger,
    secrets: Keys,
    *,
    public_url: str,
    click_ids: ClickIds,
) -> PartnerPages:
    over_tls = public_url.startswith("https://")

    def access(partner_id: str) -> Access:
        token = partner_token(secrets.pages, partner_id)
        cookie = f"partner-{partner_id}"
        return Access(token, OpenedTokens(token), over_tls=over_tls, now=time.time, cookie=cookie)

    def try_request(partner_id: str, request: str, previous: Sequence[str]) -> Mapping[str, object]:
        now = datetime.now(UTC)
        trial = Trial(partner_id, request, tuple(previous), clicked_at=now - _CLICK_BEFORE, now=now)
        return try_postback(trial, programme(), ImaginedIds(click_ids))

    return PartnerPages(
        programme,
        access=access,
        log=PartnerLog(ledger.fetch),
        told=Told(
            addresses=lambda partner: addresses(partner, public_url),
            asking=asking,
            status_words=status_words,
            is_known=is_known,
            paths=paths,
            example=example_query,
        ),
        try_request=try_request,
    )


def desk_pages(
    programme: Callable[[], Programme], ledger: Ledger, staff: Staff, secrets: Keys, *, public_url: str
) -> DeskPages:
    over_tls = public_url.startswith("https://")
    signed = OpenedTokens(secrets.desk)
    return DeskPages(
        programme,
        access=Access(secrets.desk, signed, over_tls=over_tls, now=time.time, cookie="desk", strict=True),
        forms=FormTokens(secrets.desk),
        orders=DeskOrders(ledger.fetch),
        waiting=ledger.waiting,
        acting=ActsOfStaff(staff),
        public_url=public_url,
        now=lambda: datetime.now(UTC),
    )


class ImaginedIds:
    """Signs the clicks of one trial, with a key that signs nothing else. Whoever pastes a request that was really sent
    means the imagined click by its click id."""

    def __init__(self, real: ClickIds) -> None:
        self._real = real
        self._imagined = SignedClickIds(since_ever(NO_KEY))
        self._first = ""

    def make(self, partner_id: str, shard: int, second: int, random: int) -> str:
        made = self._imagined.make(partner_id, shard, second, random)
        self._first = self._first or made
        return made

    def read(self, text: str, partner_id: str) -> str | None:
        is_real = self._real.read(text, partner_id) is not None
        return self._first if is_real else self._imagined.read(text, partner_id)


class ActsOfStaff:
    """An act of the desk, as `tracker late`, `held` and `unmatched` do it."""

    def __init__(self, staff: Staff) -> None:
        self._staff = staff

    async def do(self, act: Act) -> str:
        """Empty: done; else why nothing was changed."""
        order, why = (act.partner_id, act.order_id), {"reason": act.reason, "staff": act.staff}
        if act.kind is ActKind.CREDIT_LATE:
            done = await self._staff.credit_late(*order, **why)
        elif act.kind is ActKind.RELEASE:
            done = await self._staff.release(*order, **why)
        else:
            done = await self._staff.claim(*order, act.click_id, **why)
        return done.sentence if isinstance(done, NotDone) else ""
