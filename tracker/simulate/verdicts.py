"""What must be said of each message of an order: the table of messages in the design, a second time.

Nothing here is shared with `tracker.core`: whoever doubts one of the two reads the other.
"""

from collections.abc import Mapping, Sequence

from tracker.simulate.outcome import DAY, Clicked, Outcome, Said, outcome, own_messages, owner_of, place, same_event

_MOSCOW = 3 * 3600  # ahead of UTC


def verdicts(arrivals: Sequence[Said], clicks: Mapping[str, Clicked]) -> list[str]:
    """What must be said of each message of an order, taken one after the other."""
    known: list[Said] = []
    said_of_each = []
    for said in arrivals:
        verdict = _verdict(known, said, clicks)
        said_of_each.append(verdict)
        if verdict != "duplicate":
            known.append(said)
    return said_of_each


def _verdict(known: list[Said], said: Said, clicks: Mapping[str, Clicked]) -> str:
    owner_before = owner_of(known, clicks)
    whose = said.click or (owner_before.click_id if owner_before else None)
    of_line = [one for one in own_messages(known, whose) if one.line == said.line]
    if of_line and _text(of_line[-1]) == _text(said):
        return "duplicate"
    before = [one for one in of_line if one.click in (None, said.click) and place(one) <= place(said)]
    # The first message that names a click may make it the owner, although its event was told before.
    named_before = said.click is None or any(one.click == said.click and place(one) <= place(said) for one in known)
    if said.event is not None and named_before and any(same_event(one, said) for one in before):
        return "duplicate"
    owner = owner_of([*known, said], clicks)
    if said.click is not None and owner is not None and said.click != owner.click_id:
        return "order_taken"
    newest = own_messages([*known, said], owner.click_id if owner else None)[-1]
    if newest is not said and _standing([*known, said], clicks) == _standing(known, clicks):
        return "outdated"
    return "decided" if owner is not None else said.problem


def _standing(known: Sequence[Said], clicks: Mapping[str, Clicked]) -> tuple[Outcome, int | None]:
    """How the order stands, and the day whose exchange rate it waits for: that of its order, else of the earliest word
    about it, as far as the partner dates its words."""
    found = outcome(known, clicks)
    if not found.click_id or all(line.currency in (None, "RUB") for _, line in found.lines):
        return found, None
    earliest = min(own_messages(known, found.click_id), key=place)
    at = found.ordered_at or (earliest.at if earliest.at_stated else None)
    return found, None if at is None else (at + _MOSCOW) // DAY


def _text(said: Said) -> Said:
    """The message as it was sent: its arrival is not part of it."""
    return said if said.at_stated else said._replace(at=0)
