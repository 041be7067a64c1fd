"""What message a difference makes, if any (`--apply`)."""

from dataclasses import replace
from decimal import Decimal

import pytest

from tests.core.factories import CLICK, CLICKED_AT, OTHER_CLICK
from tests.postback.setting import partner
from tracker.app.reconciling import default_currency
from tracker.core.reconciliation import Agreed, Cause, Difference, Kind, Ours, Theirs
from tracker.core.report import Report, Status
from tracker.reconcile.apply import Permission, message_of

STAFF = Permission("Anna", "Act of June")
RUBLES = frozenset({"RUB"})


def agreed(lines: tuple[tuple[str, str | None], ...] = (("", None),), **changes: object) -> Agreed:
    """Approved on both sides, of another sum."""
    theirs = Theirs(place=2, status=Status.APPROVED, goods=Decimal(900), click_id=OTHER_CLICK.click_id)
    ours = Ours(status=Status.APPROVED, base=Decimal(1000), at=CLICKED_AT, click_id=CLICK.click_id)
    said: dict[str, object] = {
        "order_id": "A-1", "kinds": (Kind.AMOUNT_DIFFERS,), "causes": (Cause.RETURN_NOT_TOLD,), "theirs": theirs,
        "ours": ours,
    }  # fmt: skip
    return Agreed(Difference(**(said | changes)), lines)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("lines", "line", "tariff"),
    [
        ((("", None),), "", None),
        ((("7", "food"),), "7", "food"),
        ((("7", "food"), ("8", "food")), "", "food"),
    ],
)
def test_a_sum_of_the_whole_order_is_said_of_its_only_line_or_of_all(
    lines: tuple[tuple[str, str | None], ...], line: str, tariff: str | None
) -> None:
    said = message_of(agreed(lines), STAFF, RUBLES)
    assert said == Report(order_id="A-1", line_id=line, goods=Decimal(900), currency="RUB", tariff=tariff)


def test_a_sum_over_lines_of_several_tariffs_cannot_be_taken_over() -> None:
    assert message_of(agreed((("7", "food"), ("8", None))), STAFF, RUBLES) == "lines of several tariffs"


def test_an_order_that_only_we_have_is_declined_when_the_partner_does_not_know_it() -> None:
    missing = agreed(kinds=(Kind.ONLY_OURS,), causes=(Cause.UNKNOWN_TO_PARTNER,), theirs=None)
    assert message_of(missing, STAFF, RUBLES) == "not in the statement"
    assert message_of(missing, replace(STAFF, decline_missing=True), RUBLES) == Report(
        order_id="A-1", status=Status.DECLINED
    )


@pytest.mark.parametrize("cause", [Cause.UNIT, Cause.DELIVERY, Cause.CURRENCY])
def test_nothing_is_taken_of_a_sum_that_is_likely_misread(cause: Cause) -> None:
    both = (Kind.AMOUNT_DIFFERS, Kind.STATUS_DIFFERS)
    misread = agreed(kinds=both, causes=(cause, Cause.MISSED_UPDATE))
    assert message_of(misread, replace(STAFF, take_older=True), RUBLES) == f"{cause}: mend statement.amounts first"


@pytest.mark.parametrize(
    ("stated", "listed", "taken"),
    [
        ("", {"RUB"}, "no currency"),
        ("USD", {"RUB"}, "USD is not listed"),
        ("RUB", {"USD"}, "RUB is not listed"),
        ("USD", {"RUB", "USD"}, "USD"),
    ],
)
def test_a_lost_order_is_taken_in_the_currency_that_is_known_and_listed(
    stated: str, listed: set[str], taken: str
) -> None:
    theirs = Theirs(place=2, status=Status.APPROVED, goods=Decimal(100), currency=stated, click_id=OTHER_CLICK.click_id)
    lost = agreed((), kinds=(Kind.ONLY_THEIRS,), causes=(Cause.LOST_POSTBACK,), theirs=theirs, ours=None)
    said = message_of(lost, STAFF, frozenset(listed))
    assert (said.currency if isinstance(said, Report) else said) == taken


@pytest.mark.parametrize(
    ("currencies", "defaults", "currency"),
    [
        ({"RUB"}, (), "RUB"),
        ({"USD"}, (), "USD"),
        ({"RUB", "USD"}, (), ""),
        ({"RUB", "USD"}, (("currency", "USD"),), "USD"),
    ],
)
def test_a_sum_without_a_currency_is_in_the_partner_s_own_or_only_one(
    currencies: set[str], defaults: tuple[tuple[str, str], ...], currency: str
) -> None:
    lab = partner()
    lab = replace(lab, currencies=frozenset(currencies), postback=replace(lab.postback, defaults=defaults))
    assert default_currency(lab) == currency


def test_a_status_that_the_statement_does_not_name_cannot_be_taken() -> None:
    listed = agreed(
        kinds=(Kind.STATUS_DIFFERS,), causes=(Cause.STATEMENT_OLDER,), theirs=Theirs(place=2, goods=Decimal(900))
    )
    assert message_of(listed, replace(STAFF, take_older=True), RUBLES) == "no status"
