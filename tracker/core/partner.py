"""Partners and their terms, as the rules need them. Sums are rubles in exact decimals, rates are shares (0.05: 5 %)."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from tracker.core.click import Check, Confidence, Policy
from tracker.core.proof import Proof
from tracker.core.reasons import Reason
from tracker.core.statement import StatementProfile


class Category(StrEnum):
    """The six sections of the catalogue (programme.md K-10...K-15)."""

    ONLINE_SHOPS = "online-shops"
    OPERATOR_OFFERS = "operator-offers"
    SERVICES = "services"
    LEISURE = "leisure"
    TRAVEL = "travel"
    RETAIL = "retail"


class Origin(StrEnum):
    """Where an order was made at the partner."""

    WEB = "web"
    MOBILE_WEB = "mobile_web"
    APP = "app"


@dataclass(frozen=True, slots=True)
class Reward:
    """What one line earns: a share of its sum, or a fixed sum of rubles once a conversion. Exactly one is set."""

    rate: Decimal | None = None
    fixed: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Terms:
    """A partner's terms from one moment on. Entries do not inherit from one another."""

    valid_from: datetime
    reward: Reward | None  # None: only tariffs earn
    tariffs: tuple[tuple[str, Reward], ...] = ()
    minimum_purchase: Decimal = Decimal(0)
    once_per_shopper: bool = False


@dataclass(frozen=True, slots=True)
class Promotion:
    """A boost by days, both inclusive, in the programme's time zone."""

    first_day: date
    last_day: date
    reward: Reward
    title: str = ""


@dataclass(frozen=True, slots=True)
class CheckPolicy:
    """What to do when a check finds something, and how sure it must be to refuse."""

    policy: Policy = Policy.REFUSE
    refuse_at: Confidence = Confidence.HIGH

    def refuses_at(self, confidence: Confidence) -> bool:
        """Whether a finding of this confidence refuses."""
        return self.policy is Policy.REFUSE and confidence.strength >= self.refuse_at.strength


@dataclass(frozen=True, slots=True)
class TermsVersion:
    """All that the cashback of a click depends on at one partner: immutable, keyed by `version`, its content's hash."""

    version: str
    partner_id: str
    timezone: str
    window_days: int
    session_hours: Decimal
    minimum_cashback: Decimal
    origins: frozenset[Origin]
    terms: tuple[Terms, ...]  # ascending by valid_from
    promotions: tuple[Promotion, ...] = ()
    tag: tuple[tuple[Reason, CheckPolicy], ...] = ()  # what the tag's evidence does; a reason that is not named: record

    @property
    def session(self) -> timedelta:
        return timedelta(seconds=self.session_seconds)

    @property
    def session_seconds(self) -> int:
        return int(self.session_hours * 3600)


class AmountIs(StrEnum):
    """What the amount of a message is the sum of."""

    ORDER_TOTAL = "order_total"
    LINE_TOTAL = "line_total"
    UNIT_PRICE = "unit_price"


class AmountUnit(StrEnum):
    MAJOR = "major"
    MINOR = "minor"


@dataclass(frozen=True, slots=True)
class Amounts:
    """How a partner writes sums."""

    unit: AmountUnit = AmountUnit.MAJOR
    decimal: str = "."
    is_: AmountIs = AmountIs.ORDER_TOTAL
    include_delivery: bool = False
    delivery_lines: tuple[str, ...] = ()  # goods or categories that are no goods: delivery, gift wrap


@dataclass(frozen=True, slots=True)
class PostbackProfile:
    """How a partner, or the network that speaks for it, reports orders. `secrets` are one, or two while rotating.

    What it says of its sums counts where `stated` names it; else what its dialect says.
    """

    dialect: str
    secrets: tuple[str, ...] = field(repr=False)
    amounts: Amounts = Amounts()
    stated: frozenset[str] = frozenset()  # names of `amounts` that partners.yaml states
    mapping: tuple[tuple[str, tuple[str, ...]], ...] = ()  # our field -> the sender's parameters
    defaults: tuple[tuple[str, str], ...] = ()  # our field -> what a message that does not say it means
    statuses: tuple[tuple[str, str], ...] = ()  # the sender's word -> approved, pending+hold, ...
    json_field: str | None = None  # the form field whose text is a JSON object
    timezone: str | None = None
    reply: str | None = None  # in whose words we answer; None: the dialect's
    auth: Proof | None = None  # needed beside the secret path, and alone on the network's own paths


@dataclass(frozen=True, slots=True)
class Partner:
    id: str
    name: str
    category: Category
    link: str
    home: str
    hosts: frozenset[str]
    currencies: frozenset[str]
    postback: PostbackProfile
    terms: TermsVersion
    expected_days: int | None = None  # how long a confirmation usually takes, as shoppers are told
    statement: StatementProfile = field(default_factory=StatementProfile)


@dataclass(frozen=True, slots=True)
class Notify:
    """Where the programme is told what its shoppers should learn of. `secrets` are one, or two while changing it."""

    url: str
    secrets: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Programme:
    name: str
    timezone: str
    sign_in: str | None
    checks: tuple[tuple[Check, CheckPolicy], ...]
    partners: dict[str, Partner]
    notify: Notify | None = None
