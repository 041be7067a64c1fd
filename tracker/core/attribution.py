"""Whether an order may earn at all: window, session, origin, the click's own refusals (docs/rules.md, W, S, O)."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from tracker.core import confirmation
from tracker.core.click import Click, Device
from tracker.core.confirmation import Confirmation
from tracker.core.fold import Stated
from tracker.core.partner import Origin, TermsVersion
from tracker.core.reasons import ClickReason, Flag, Reason

# A shop's clock may run ahead of ours by this much before an order counts as older than its click.
ORDER_BEFORE_CLICK_TOLERANCE = timedelta(seconds=300)

_PHONE_ORIGINS = frozenset({Origin.MOBILE_WEB, Origin.APP})
_ORIGIN_REFUSALS = {Origin.APP: Reason.PARTNER_APP, Origin.MOBILE_WEB: Reason.PARTNER_MOBILE_VERSION}
_INVALID = frozenset({ClickReason.BOT_UA, ClickReason.NOT_NAVIGATION, ClickReason.PREFETCH})


def confirm_by(click: Click, order_time: datetime | None, window_days: int) -> datetime:
    """The last moment at which a confirmation counts: days of 86,400 s from the payment, else the click (Q-05)."""
    return (order_time or click.clicked_at) + timedelta(days=window_days)


def refusals(
    click: Click,
    stated: Stated,
    terms: TermsVersion,
    *,
    confirmations: Iterable[Confirmation] = (),
    heard_at: datetime | None = None,
) -> tuple[Reason, ...]:
    """Every reason, apart from sums and the window, for which this order earns nothing."""
    found: list[Reason] = []
    if stated.origin is not None and stated.origin not in terms.origins:
        found.append(_ORIGIN_REFUSALS[stated.origin])
    found += _session_refusals(click, stated.order_time, terms.session)
    found += confirmation.refusals(
        confirmations, click, terms, order_time=stated.order_time, heard_at=heard_at or click.clicked_at
    )
    found += click.refusals
    if click.shopper_id is None:
        found.append(Reason.NO_SHOPPER)
    if _INVALID.intersection(click.traffic):
        found.append(Reason.INVALID_TRAFFIC)
    return tuple(dict.fromkeys(found))


def _session_refusals(click: Click, order_time: datetime | None, session: timedelta) -> list[Reason]:
    """Judged only by an order time that the partner states; the limit itself is inside (Q-08a, Q-08b)."""
    if order_time is None:
        return []
    found: list[Reason] = []
    if click.superseded_at is not None and order_time > click.superseded_at:
        found.append(Reason.SECOND_TAB)
    if order_time > click.clicked_at + session:
        found.append(Reason.SESSION_ENDED)
    return found


def flags(click: Click, stated: Stated, terms: TermsVersion) -> tuple[Flag, ...]:
    """What staff should know about how this order came."""
    found: list[Flag] = []
    from_phone = click.device in (Device.PHONE, Device.TABLET)
    if stated.origin is None and from_phone and not terms.origins >= _PHONE_ORIGINS:
        found.append(Flag.ORIGIN_UNVERIFIED)
    if stated.order_time is None:
        found.append(Flag.ORDER_TIME_UNKNOWN)
    elif stated.order_time < click.clicked_at.replace(microsecond=0) - ORDER_BEFORE_CLICK_TOLERANCE:
        # Partners state whole seconds.
        found.append(Flag.ORDER_BEFORE_CLICK)
    return tuple(found)
