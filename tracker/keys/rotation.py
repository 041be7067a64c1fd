"""`tracker keys`: a new key is in the file before it signs, an old one until nothing that it signed lives."""

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from tracker.core.click_id import LETTERS
from tracker.core.signing_keys import (
    SigningKey,
    in_order,
    signing_place,
    verifies_until,
)
from tracker.errors import TrackerError
from tracker.keys import VERIFY_SECONDS, Keys, changing, pruned
from tracker.keys.clock import is_believed

LetterOf = Callable[[str], str]

# Of each of these there is one at a time: whatever was made with the old one ends at once.
AT_ONCE = ("reports", "pages", "desk")
# A token does not say by which key it was made: a forged one costs an attempt with each.
_MOST = {"click": len(LETTERS), "link": 4, "cookie": 4}


@dataclass(frozen=True, slots=True)
class ListedKey:
    """What may be told of a key. Times are Unix seconds."""

    purpose: str
    letter: str  # of click ids; empty: tokens carry none
    made_at: int  # 0: as old as the installation
    signs_from: int
    signs_until: int | None  # None: until another follows
    verifies_until: int | None
    signs_now: bool


def rotate(data: Path, purpose: str, *, delay: int, now: int, letter_of: LetterOf) -> ListedKey | None:
    """Writes a new key that signs in `delay` seconds, and takes out those that are over if the clock is believed; None:
    in force at once, with no old one beside it. Raises TrackerError when it cannot be."""
    with changing(data) as file:
        keys, _ = file.read(now)
        if purpose in AT_ONCE:
            made_at = keys.made_at | {purpose: now}
            file.write(msgspec.structs.replace(keys, made_at=made_at, **{purpose: secrets.token_hex(32)}))
            return None
        if is_believed(data, now):
            keys = pruned(keys, now)
        alive = in_order(getattr(keys, purpose))
        _refuse_while_another_waits(purpose, alive, now)
        made = SigningKey(_new_secret(purpose, alive, now, letter_of), now + delay, now)
        keys = msgspec.structs.replace(keys, **{purpose: [*alive, made]})
        file.write(keys)
    return [one for one in listed(keys, now, letter_of) if one.purpose == purpose][-1]


def listed(keys: Keys, now: int, letter_of: LetterOf) -> Iterator[ListedKey]:
    """Every key of ours by purpose, oldest to newest; partners' and the programme's secrets are theirs."""
    for purpose, seconds in VERIFY_SECONDS.items():
        ordered = in_order(getattr(keys, purpose))
        for place, key in enumerate(ordered):
            yield ListedKey(
                purpose=purpose,
                letter=letter_of(key.secret) if purpose == "click" else "",
                made_at=key.made_at,
                signs_from=key.signs_from,
                signs_until=ordered[place + 1].signs_from if place + 1 < len(ordered) else None,
                verifies_until=verifies_until(ordered, place, seconds),
                signs_now=place == signing_place(ordered, now),
            )
    for purpose in (*AT_ONCE, "shopper_hash", "address_hash"):
        yield ListedKey(purpose, "", keys.made_at.get(purpose, 0), 0, None, None, signs_now=True)


def _refuse_while_another_waits(purpose: str, alive: list[SigningKey], now: int) -> None:
    if alive[-1].signs_from > now:
        waits = datetime.fromtimestamp(alive[-1].signs_from, UTC)
        raise TrackerError(f"A new {purpose} key signs from {waits:%Y-%m-%d %H:%M:%S}Z: rotate again after that.")


def _new_secret(purpose: str, alive: list[SigningKey], now: int, letter_of: LetterOf) -> str:
    """A click id's letter names its key, so that a forged one costs one attempt, however many keys there are."""
    taken = {letter_of(key.secret) for key in alive} if purpose == "click" else set()
    if (len(taken) if purpose == "click" else len(alive)) < _MOST[purpose]:
        while (letter_of(secret := secrets.token_hex(32))) in taken:
            pass
        return secret
    over = verifies_until(alive, 0, VERIFY_SECONDS[purpose]) or now
    if over < now:
        raise TrackerError(
            f"{len(alive)} {purpose} keys are kept, as many as there may be, and this machine's clock has leapt ahead: "
            f"none is taken out by it. If {datetime.fromtimestamp(now, UTC):%Y-%m-%d} is right, rotate again in a week."
        )
    raise TrackerError(
        f"{len(alive)} {purpose} keys verify, as many as there may be: rotate again when the oldest is over, "
        f"after {datetime.fromtimestamp(over, UTC):%Y-%m-%d %H:%M:%S}Z."
    )
