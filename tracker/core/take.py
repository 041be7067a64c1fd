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

    A duplicate is not added to `order`, unless it may come to matter; every other message is, since the state depends
    on the set of them all.
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
    duplicate = _is_duplicate(order, message)
    if duplicate and not _may_matter(order, message):
        return Taken(order, MessageCode.DUPLICATE, judge(order, terms, rewarded_elsewhere=rewarded_elsewhere))
    decision = judge(known, terms, rewarded_elsewhere=rewarded_elsewhere)
    if duplicate and decision == judge(order, terms, rewarded_elsewhere=rewarded_elsewhere):
        return Taken(known, MessageCode.DUPLICATE, decision)
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
    report = message.report
    if owner(order) is None and message.click is not None:
        return False  # a click found only now is news
    of_line = _of_its_line(order, message)
    if of_line and _says_the_same(of_line[-1], message) and order_key(message) >= order_key(of_line[-1]):
        return message.named is None or of_line[-1].named is not None
    if report.event_id is None or not _named_before(order, message):
        return False
    # The other must count whoever proves to own the order: a message that names no click outlives one that does.
    told = [
        known
        for known in of_line
        if (known.report.line_id, known.report.event_id, known.report.status)
        == (report.line_id, report.event_id, report.status)
        and known.named in (None, message.named)
    ]
    return bool(told) and message not in in_order((*told, message))


def _of_its_line(order: Order, message: Message) -> list[Message]:
    """What was said before of the line that it is about, or of the order as a whole."""
    return [
        known
        for known in own_messages(order, owner(order) if message.click is None else message.click)
        if not message.report.line_id or known.report.line_id in (message.report.line_id, "")
    ]


def _may_matter(order: Order, message: Message) -> bool:
    """Whether a duplicate may yet say something. Its order key is a later one, so what comes late may stand between it
    and what it repeats, unless an event tells that they are one. And what names no click counts whoever owns the order:
    once an older message proves that another click does, it may be all that is left of what was said."""
    if message.report.event_id is None and order_key(message) > order_key(_of_its_line(order, message)[-1]):
        return True
    return message.named is None and not any(
        known.named is None and _says_the_same(known, message) for known in order.messages
    )


def _says_the_same(known: Message, message: Message) -> bool:
    """An order that we know needs no click id. One that may yet be found says something all the same."""
    if message.named is None:
        return replace(known.report, click_id=None) == replace(message.report, click_id=None)
    return known.report == message.report


def _named_before(order: Order, message: Message) -> bool:
    """Else the message may make its click the owner, although its event was told before."""
    return message.named is None or any(
        known.named == message.named and order_key(known) <= order_key(message) for known in order.messages
    )


def _is_foreign(order: Order, message: Message) -> bool:
    """Whether the message names another click than the one that the order belongs to."""
    click = owner(order)
    return message.click is not None and click is not None and message.click.click_id != click.click_id


def _is_outdated(order: Order, message: Message) -> bool:
    return own_messages(order, owner(order))[-1] != message
