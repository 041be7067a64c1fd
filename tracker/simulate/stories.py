"""The orders of one run: what partners will say of each, in which order it arrives, and by which click."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from random import Random
from typing import NamedTuple, TypeVar

from tracker.simulate.deal import Deal
from tracker.simulate.outcome import DAY, Clicked, Said
from tracker.simulate.shop import Shop

KOPECK = Decimal("0.01")
_Choice = TypeVar("_Choice")


class Step(NamedTuple):
    word: str  # new · approved · declined · held · paid · other: a word that nobody explained
    day: float | None = None  # after the order; None: when such news usually comes
    share: str = "1"  # of the first sum


class Course(NamedTuple):
    weight: int
    steps: tuple[Step, ...]
    one_line: bool = False
    ages: bool = False  # reaches over days: needs event times


_AFTER = 101.0  # days: after every window of 90 days

_COURSES = (
    Course(14, (Step("new"),)),
    Course(24, (Step("new"), Step("approved"))),
    Course(12, (Step("new"), Step("approved"), Step("paid"))),
    Course(6, (Step("approved"),)),
    Course(9, (Step("new"), Step("declined"))),
    Course(5, (Step("new"), Step("approved"), Step("approved", share="0.6"))),  # a partial return
    Course(5, (Step("new"), Step("approved"), Step("declined"))),  # a full one
    Course(2, (Step("new"), Step("approved"), Step("approved", share="0.01"))),  # what is kept is below a minimum
    Course(3, (Step("new"), Step("approved"), Step("held"), Step("approved"))),
    Course(2, (Step("new"), Step("approved"), Step("held"))),
    Course(2, (Step("new"), Step("declined"), Step("approved"))),
    Course(3, (Step("new"), Step("new", share="1.2"), Step("approved"))),
    Course(2, (Step("new"), Step("other"), Step("approved"))),
    Course(1, (Step("other"),)),
    Course(1, (Step("new"), Step("approved"), Step("paid"), Step("declined"))),
    Course(2, (Step("new"), Step("approved", 1), Step("declined", 1)), one_line=True, ages=True),  # at one moment
    Course(2, (Step("new"), Step("approved", 90)), one_line=True, ages=True),  # the last moment that counts
    Course(2, (Step("new"), Step("approved", 90 + 1 / DAY)), one_line=True, ages=True),  # the first that does not
    Course(1, (Step("new"), Step("approved", 90), Step("paid", _AFTER)), one_line=True, ages=True),
    Course(3, (Step("new"), Step("approved", _AFTER)), ages=True),
    Course(1, (Step("approved", _AFTER),), ages=True),
    Course(1, (Step("new"), Step("declined", _AFTER)), ages=True),
    Course(2, (Step("new"), Step("approved"), Step("declined", _AFTER)), ages=True),
    Course(2, (Step("new"), Step("approved"), Step("approved", _AFTER, "0.5")), ages=True),
    Course(2, (Step("new"), Step("approved"), Step("approved", _AFTER, "1.5")), ages=True),
    Course(1, (Step("new"), Step("approved"), Step("paid", _AFTER)), ages=True),
    Course(1, (Step("new"), Step("approved", 20), Step("held", 30), Step("approved", _AFTER)), ages=True),
    Course(1, (Step("new"), Step("held", 30), Step("approved", _AFTER)), ages=True),
)
_STATUS = {"new": "pending", "held": "pending", "approved": "approved", "paid": "approved", "declined": "declined"}

# Accruals that sit on the boundaries: the minimum of one ruble, and halves.
_EDGES = ("0.50", "0.99", "1.00", "1.49", "1.50", "2.49", "2.50", "14.50", "124.49", "124.50", "124.51")
_HOW_MANY_ORDERS = ((1, 88), (2, 9), (3, 3))


class Order(NamedTuple):
    partner_id: str
    order_id: str
    arrivals: tuple[Said, ...]  # as they are sent, repetitions included
    at_once: bool  # sent all together: which comes first, nobody knows


def plan_orders(
    random: Random, shop: Shop, click: Clicked, others: Mapping[str, Clicked], name: str
) -> Iterator[Order]:
    """The orders of one click. `others` is another click at each partner, `name` begins the orders' ids."""
    [count] = random.choices([count for count, _ in _HOW_MANY_ORDERS], [weight for _, weight in _HOW_MANY_ORDERS])
    for number in range(count):
        yield _Story(random, shop, click, others).order(f"{name}-{number}")


class _Story:
    def __init__(self, random: Random, shop: Shop, click: Clicked, others: Mapping[str, Clicked]) -> None:
        self._random = random
        self._shop = shop
        self._click = click
        self._rival = others.get(shop.id)
        self._foreign = [one.click_id for partner_id, one in others.items() if partner_id != shop.id]
        self._ages = random.random() < 0.88 or click.deal.once_per_shopper
        courses = [course for course in _COURSES if self._ages or not course.ages]
        [self._course] = random.choices(courses, [course.weight for course in courses])

    def order(self, order_id: str) -> Order:
        ordered_at = self._ordered_at()
        origin = self._one_of((None, 62), ("web", 22), ("app", 9), ("mobile_web", 7))
        said: list[Said] = []
        for line in self._lines():
            said += self._news(line, ordered_at, origin, later_by=len(said))
        said = self._name_click(sorted(said, key=lambda one: one.at))
        if self._shop.dialect != "admitad" and self._chance(0.4):
            said = [one._replace(event=f"{order_id}-e{place}") for place, one in enumerate(said)]
        if self._rival is not None and self._ages and self._chance(0.03):
            said.append(self._claim_of(self._rival, said[0], said[-1]))
        return Order(self._shop.id, order_id, *self._arrivals(said))

    def _ordered_at(self) -> int | None:
        """Minutes after the click, mostly; at the edges of the session and of another tab's, before the click, or not
        stated."""
        click, limit = self._click.at, self._click.deal.session_seconds
        usual = min(int(self._random.lognormvariate(6.5, 1.2)), limit - 1)
        edges = [click + limit, click + limit + 1, click - 300, click - 301, click + 2 * limit]
        if (superseded_at := self._click.superseded_at) is not None:
            edges += [superseded_at, superseded_at + 1] * 4
        if not self._ages:  # these are confirmed by arrival, now
            return self._one_of((click, 70), (None, 30))
        edge_share = 10 if self._click.superseded_at is None else 90
        return self._one_of((click + usual, 80), (None, 10), (self._random.choice(edges), edge_share))

    def _lines(self) -> list["_Line"]:
        """In Admitad's postback each line has an id of its own; another partner's order is one, unless it sends
        units."""
        by_unit = self._shop.speech.get("amounts", {}).get("is") == "unit_price"
        named = self._shop.dialect == "admitad" or by_unit
        several = named and not self._course.one_line and self._chance(0.5 if by_unit else 0.12)
        count = self._random.choice((2, 3)) if several else 1
        id_ = self._random.randrange(10**8, 10**9)
        return [_Line(str(id_ + place) if named else "", *self._tariff_and_goods(count)) for place in range(count)]

    def _tariff_and_goods(self, lines: int) -> tuple[str | None, Decimal | None]:
        deal = self._click.deal
        tariff = self._random.choice([None, *deal.tariffs, "of-next-year"]) if deal.tariffs else None
        return tariff, self._goods(deal, tariff, lines)

    def _goods(self, deal: Deal, tariff: str | None, lines: int) -> Decimal | None:
        rate = max([deal.tariffs.get(tariff or "", deal.reward).rate or Decimal(0), *_rates(deal)])
        if not rate:  # a target action has no sum
            return None
        draw = self._random.random()
        if draw < 0.02:
            return None
        if draw < 0.30:
            return (Decimal(self._random.choice(_EDGES)) / rate / lines).quantize(KOPECK, ROUND_HALF_UP)
        if deal.minimum_purchase and draw < 0.45:
            around = Decimal(self._random.choice((-1, 0, 0, 1)))
            return (deal.minimum_purchase / lines).quantize(KOPECK) + around * KOPECK
        return Decimal(int(self._random.lognormvariate(12.3, 1.1)) + 1) * KOPECK

    def _news(self, line: "_Line", ordered_at: int | None, origin: str | None, later_by: int) -> list[Said]:
        start = self._click.at if ordered_at is None else ordered_at
        at, told = start, []
        for place, step in enumerate(self._course.steps):
            if step.day is not None:
                at = start + round(step.day * DAY) + (0 if self._course.one_line else later_by)
            else:
                at += self._random.randrange(60, 9 * DAY) if place else self._random.randrange(5, 4000)
            told.append(self._say(line, step, at, ordered_at, origin, is_first=place == 0))
        return told

    def _say(
        self, line: "_Line", step: Step, at: int, ordered_at: int | None, origin: str | None, *, is_first: bool
    ) -> Said:
        goods = line.goods and (line.goods * Decimal(step.share)).quantize(KOPECK, ROUND_HALF_UP)
        if step.share == "1" and not is_first and self._chance(0.25):
            goods = None  # only the status is news
        return Said(
            at=at,
            at_stated=self._ages,
            line=line.id,
            status=_STATUS.get(step.word),
            word=step.word,
            hold=None if step.word == "other" else step.word == "held",
            settled=step.word == "paid",
            goods=goods,
            commission=goods and (goods * Decimal("0.06")).quantize(KOPECK, ROUND_HALF_UP),
            currency=self._shop.currencies[0] if goods is not None else None,
            tariff=line.tariff,
            origin=origin,
            ordered_at=ordered_at,
        )

    def _name_click(self, said: Sequence[Said]) -> list[Said]:
        """Most messages name their click; some orders name none, a forged one, or only at last."""
        how = self._one_of(("named", 91), ("shouted", 2), ("late", 2), ("missing", 2), ("forged", 3))
        named = Said(at=0, click=self._click.click_id, click_as_sent=self._click.click_id)
        if how == "shouted":
            named = named._replace(click_as_sent=self._click.click_id.upper())
        elif how == "missing":
            named = Said(at=0, problem="unknown_click")
        elif how == "forged":
            named = Said(at=0, problem="bad_signature", click_as_sent=self._forged())
        silent = Said(at=0, problem="unknown_click")
        by_click = []
        for place, one in enumerate(said):
            forgets = (place < len(said) - 1) if how == "late" else how == "named" and place > 0 and self._chance(0.15)
            whose = silent if forgets else named
            by_click.append(one._replace(click=whose.click, click_as_sent=whose.click_as_sent, problem=whose.problem))
        return by_click

    def _forged(self) -> str:
        """One character changed, an id cut short, another network's, or one that we signed for another partner."""
        id_ = self._click.click_id
        place = self._random.randrange(1, len(id_))
        changed = id_[:place] + ("7" if id_[place] != "7" else "8") + id_[place + 1 :]
        return self._random.choice([changed, id_[:-1], "cjGH4bq2EiEm0vXx-1", *self._foreign[:1]])

    def _claim_of(self, rival: Clicked, first: Said, newest: Said) -> Said:
        """The order is named for another click: later, and so in vain, or before all others."""
        at = self._random.choice((first.at - 1, newest.at + self._random.randrange(60, DAY)))
        return newest._replace(at=at, click=rival.click_id, click_as_sent=rival.click_id, problem="")

    def _arrivals(self, said: Sequence[Said]) -> tuple[tuple[Said, ...], bool]:
        """In disorder at times, with repetitions, or all at once."""
        sent = list(said)
        if self._ages and self._chance(0.3):
            self._random.shuffle(sent)
        for _ in range(self._one_of((0, 80), (1, 12), (2, 5), (5, 3))):
            sent.insert(self._random.randrange(1, len(sent) + 1), self._random.choice(sent))
        if self._ages and sent[0].event and self._chance(0.2):  # the same event, told as if it were a later one
            told = self._random.choice(sent)
            sent.append(told._replace(at=told.at + 30))
        if not self._ages:  # whatever comes counts from when it came
            sent = [one._replace(at=self._click.at + 1 + place) for place, one in enumerate(sent)]
        return tuple(sent), self._ages and self._chance(0.06)

    def _one_of(self, *choices: tuple[_Choice, int]) -> _Choice:
        return self._random.choices([value for value, _ in choices], [weight for _, weight in choices])[0]

    def _chance(self, share: float) -> bool:
        return self._random.random() < share


class _Line(NamedTuple):
    id: str
    tariff: str | None
    goods: Decimal | None


def _rates(deal: Deal) -> list[Decimal]:
    return [reward.rate for reward in deal.promotions if reward.rate is not None]
