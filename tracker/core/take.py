"""What one more message does to an order (design, section 6: the table and the order key)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from tracker.core.conversion import judge
from tracker.core.decision import Decision
from tracker.core.fold import in_order, order_key, own_messages, owner
from tracker.core.order import Message, Order
from tracker.core.partner import TermsVersion
from tracker.core.reasons import MessageCode, Reason


@dataclass(frozen=True, slots=True)
class Taken:
    """`code` None, `unknown_click` and `bad_signature` call for a new revision; the others change nothing.

    A duplicate is not added to `order`, unless it may outlive what it repeats; every other message is, since the state
    depends on the set of them all.
    """

    order: Order
    code: MessageCode | None
    decision: Decision

    @property
    def revised(self) -> bool:
        return self.code in (None, MessageCode.UNKNOWN_CLICK, MessageCode.BAD_SIGNATURE)


def take(
    order: Order, message: Message, terms: Mapping[str, TermsVersion], *, rewarded_elsewhere: bool = False
) -> Taken:
    """Add a message to an order and say what became of it."""
    known = replace(order, messages=(*order.messages, message))
    if _is_duplicate(order, message):
        kept = known if message.click is None and _repeats_a_click(order, message) else order
        return Taken(kept, MessageCode.DUPLICATE, judge(kept, terms, rewarded_elsewhere=rewarded_elsewhere))
    decision = judge(known, terms, rewarded_elsewhere=rewarded_elsewhere)
    if _is_foreign(known, message):
        return Taken(known, MessageCode.ORDER_TAKEN, decision)
    if _is_outdated(known, message) and decision == judge(order, terms, rewarded_elsewhere=rewarded_elsewhere):
        return Taken(known, MessageCode.OUTDATED, decision)
    if decision.click is None:
        unsigned = message.problem is Reason.BAD_SIGNATURE
        return Taken(known, MessageCode.BAD_SIGNATURE if unsigned else MessageCode.UNKNOWN_CLICK, decision)
    return Taken(known, None, decision)


def _is_duplicate(order: Order, message: Message) -> bool:
    """Equal to the newest applied message of its line, or an event that its sender already told with this status."""
    report, click = message.report, owner(order)
    if click is None and message.click is not None:
        return False  # a click found only now is news
    of_line = [
        known
        for known in own_messages(order, click if message.click is None else message.click)
        if not report.line_id or known.report.line_id in (report.line_id, "")
    ]
    if of_line and _says_the_same(of_line[-1], message) and order_key(message) >= order_key(of_line[-1]):
        return message.click is None or of_line[-1].click is not None
    if report.event_id is None or not _named_before(order, message):
        return False
    # The other must count whoever proves to own the order: a message that names no click outlives one that does.
    told = [
        known
        for known in of_line
        if (known.report.line_id, known.report.event_id, known.report.status)
        == (report.line_id, report.event_id, report.status)
        and known.click in (None, message.click)
    ]
    return bool(told) and message not in in_order((*told, message))


def _repeats_a_click(order: Order, message: Message) -> bool:
    """A message that names no click counts whoever owns the order. One that names a click does not, once an older one
    names another: then its repetition is all that is left of what it said."""
    return not any(known.click is None and _says_the_same(known, message) for known in order.messages)


def _says_the_same(known: Message, message: Message) -> bool:
    """An order that we know needs no click id: another one that we do not know says nothing."""
    if message.click is None:
        return replace(known.report, click_id=None) == replace(message.report, click_id=None)
    return known.report == message.report


def _named_before(order: Order, message: Message) -> bool:
    """Else the message may make its click the owner, although its event was told before."""
    return message.click is None or any(
        known.click is not None
        and known.click.click_id == message.click.click_id
        and order_key(known) <= order_key(message)
        for known in order.messages
    )


def _is_foreign(order: Order, message: Message) -> bool:
    """Whether the message names another click than the one that the order belongs to."""
    click = owner(order)
    return message.click is not None and click is not None and message.click.click_id != click.click_id


def _is_outdated(order: Order, message: Message) -> bool:
    return own_messages(order, owner(order))[-1] != message
