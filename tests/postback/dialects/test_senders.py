"""Partners' own servers in the shapes of networks, only the host swapped: the samples of `senders.txt`, each behind the
secret of our address. What they do at their own paths is in tests/postback/test_senders.py."""

import re
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.core.factories import terms
from tests.postback.dialects.setting import SECRET, speaker, tried
from tracker.core.partner import Reward
from tracker.postback.dialects import DIALECTS
from tracker.postback.dialects.dialect import Direction

FIXED = terms(reward=Reward(fixed=Decimal(300)))  # a lender pays for a loan, whatever its sum


@dataclass(frozen=True)
class Sample:
    dialect: str
    status: str
    earned: str  # rubles at 5 %, or "no sum"
    answer: str
    request: str

    def __str__(self) -> str:
        return f"{self.dialect} {self.status} {self.request[:20]}"

    def with_words(self, word: str) -> str:
        """The request with another status word."""
        return re.sub(r"(?<=[?&])((?:cnv_)?status|tcpa_event_id|action|sale)=[^&]+", rf"\1={word}", self.request)


def _samples() -> list[Sample]:
    lines = Path(__file__).with_name("senders.txt").read_text().splitlines()
    return [Sample(*re.split(r" {2,}", line)) for line in lines if line and not line.startswith("#")]


SAMPLES = _samples()


def told(dialect: str, *requests: str, **more: Any) -> dict[str, Any]:
    """What became of the last request, each behind the secret of our address."""
    partner = speaker(dialect, currencies=frozenset({"RUB", "USD"}), **more)
    clicked = [re.sub(r"(?<=[=/])C(?=[&/]|$)", "{click_id}", one) for one in requests]
    return tried(partner, *[f"/pb/{dialect}/{SECRET}{one}" for one in clicked])


@pytest.mark.parametrize("sample", SAMPLES, ids=str)
def test_a_sample_is_read_and_answered_as_by_its_network(sample: Sample) -> None:
    printed = told(sample.dialect, sample.request, terms=FIXED)

    assert (printed["order_id"], printed["status"]) == ("ORD-77", sample.status)
    assert printed["click_id"] is not None
    assert printed["cashback"] == (0 if sample.status == "declined" else 300)
    assert (printed["http_status"], printed["reply"]) == (200, sample.answer)


@pytest.mark.parametrize("sample", SAMPLES, ids=str)
def test_a_share_needs_the_sum_of_the_goods_which_a_commission_is_not(sample: Sample) -> None:
    printed = told(sample.dialect, sample.request)

    if sample.earned == "no sum":
        assert (printed["status"], printed["cashback"]) == ("pending", 0)
        assert "amount_missing" in printed["flags"]
    else:
        assert (printed["status"], str(printed["cashback"])) == (sample.status, sample.earned)


def test_every_path_of_a_sender_has_a_sample() -> None:
    senders = [one for one in DIALECTS.values() if one.direction is Direction.SENDER and one.name != "admitad-sender"]
    shown = {(one.dialect, pattern) for one in SAMPLES for pattern in _matching(one)}

    assert {(one.name, pattern) for one in senders for shape in one.shapes for pattern in shape.patterns} == shown


def _matching(sample: Sample) -> list[re.Pattern[str]]:
    path = sample.request.partition("?")[0]
    return [one for shape in DIALECTS[sample.dialect].shapes for one in shape.patterns if one.fullmatch(path)]


_BOTH = [
    (yes, no)
    for yes in SAMPLES
    for no in SAMPLES
    if (yes.dialect, yes.status, no.status) == (no.dialect, "approved", "declined")
]


@pytest.mark.parametrize(("approved", "declined"), _BOTH, ids=str)
def test_what_was_approved_is_taken_back_when_the_same_order_is_declined(approved: Sample, declined: Sample) -> None:
    printed = told(approved.dialect, approved.request, declined.request, terms=FIXED)
    assert (printed["status"], printed["cashback"]) == ("declined", 0)

    again = told(approved.dialect, approved.request, declined.request, approved.request, terms=FIXED)
    assert (again["status"], again["cashback"]) == ("approved", 300)


@pytest.mark.parametrize("sample", [one for one in SAMPLES if one.with_words("x") != one.request], ids=str)
def test_an_unknown_word_changes_nothing_and_never_approves(sample: Sample) -> None:
    first = told(sample.dialect, sample.with_words("whatever"), terms=FIXED)
    assert (first["status"], first["http_status"]) == ("pending", 200)

    after = told(sample.dialect, sample.request, sample.with_words("whatever"), terms=FIXED)
    assert after["status"] == sample.status


@pytest.mark.parametrize("sample", {one.dialect: one for one in SAMPLES}.values(), ids=str)
def test_behind_a_wrong_secret_nothing_is_read(sample: Sample) -> None:
    refused = tried(sample.dialect, f"/pb/{sample.dialect}/wrong{sample.request}")
    assert (refused["http_status"], refused["order_id"]) == (404, None)


def test_the_same_name_is_the_click_at_one_network_and_the_order_at_another() -> None:
    tune = told("tune-sender", "/aff_lsr?transaction_id=C&adv_sub=ORD-77")
    leads_tech = told("leads-tech", "/add-conversion?transaction_id=ORD-77&click_id=C")
    binom = told("binom-sender", "/click.php?clickid=ORD-77&cnv_id=C")
    affise = told("affise-sender", "/postback?clickid=C&action_id=ORD-77")

    assert {one["order_id"] for one in (tune, leads_tech, binom, affise)} == {"ORD-77"}
    assert all(one["click_id"] for one in (tune, leads_tech, binom, affise))


def test_status_2_is_declined_at_leads_tech_and_pending_at_affise() -> None:
    assert told("leads-tech", "/add-conversion?click_id=C&transaction_id=1&status=2")["status"] == "declined"
    assert told("affise-sender", "/postback?clickid=C&action_id=1&status=2", terms=FIXED)["status"] == "pending"


@pytest.mark.parametrize(
    ("dialect", "without", "number", "status"),
    [
        ("keitaro-sender", "/KEY/postback?subid=C&status=sale", "&tid=ORD-77", "approved"),
        ("binom-sender", "/click.php?cnv_id=C&cnv_status=issued", "&clickid=ORD-77", "approved"),
        ("voluum-sender", "/postback?cid=C", "&txid=ORD-77", "pending"),
    ],
)
def test_a_tracker_s_click_has_one_conversion_unless_the_sender_numbers_them(
    dialect: str, without: str, number: str, status: str
) -> None:
    numbered = told(dialect, without + number, terms=FIXED)
    alone = told(dialect, without, terms=FIXED)

    assert alone["order_id"] == alone["click_id"] != numbered["order_id"]
    assert alone["status"] == numbered["status"] == status


def test_a_shop_that_puts_the_goods_sum_in_payout_says_so() -> None:
    request = "/KEY/postback?subid=C&status=sale&payout=2490&tid=ORD-77"
    printed = told("keitaro-sender", request, mapping=(("amount", ("payout",)),))
    assert (printed["status"], printed["cashback"]) == ("approved", 125)


def test_actionpay_s_numbers_mean_what_partners_yaml_says() -> None:
    request = "/status/?key=KEY&aim=16242&status={}&actionpay=C&apid=ORD-77&price=2490"
    said = (("1", "approved"), ("2", "pending"), ("3", "declined"))

    for word, status in said:
        assert told("actionpay-sender", request.format(word), statuses=said)["status"] == status
        assert told("actionpay-sender", request.format(word))["status"] == "pending"


@pytest.mark.parametrize(
    ("dialect", "request_"),
    [
        ("tune-sender", "/aff_lsr?transaction_id=C&adv_sub=ORD-77&amount=2490"),
        ("advertise", "/postback/CODE?uid=C&order_id=ORD-77&amount=2490"),
    ],
)
def test_a_sender_that_only_tells_of_paid_orders_is_believed_if_partners_yaml_says_so(
    dialect: str, request_: str
) -> None:
    printed = told(dialect, request_, defaults=(("status", "approved"),))
    assert (printed["status"], printed["cashback"]) == ("approved", 125)


def test_a_parameter_that_the_dialect_does_not_have_says_nothing() -> None:
    ours = "status=approved&hold=1&delivery=100&currency=XXX&quantity=x&order_time=yesterday"
    printed = told("tune-sender", f"/aff_lsr?transaction_id=C&adv_sub=ORD-77&amount=2490&{ours}")
    assert (printed["status"], printed["hold"], printed["base"]) == ("pending", False, "2490")


@pytest.mark.parametrize(
    ("dialect", "request_", "http", "answer"),
    [
        ("tune-sender", "/aff_lsr?transaction_id=C", 200, "success=false; err_msg=order_missing: adv_sub is missing.;"),
        ("tune-sender", "/aff_goal?transaction_id=C&adv_sub=1&amount=1e3", 200, "success=false; err_msg=amount_bad: "),
        ("leads-tech", "/add-conversion?click_id=C&status=1", 422, "order_missing: transaction_id is missing."),
        ("actionpay-sender", "/status/?actionpay=C&status=1", 422, "order_missing: apid is missing."),
        ("actionpay-sender", "/ok/1.png?actionpay=C", 422, "(image/png)"),
        ("keitaro-sender", "/KEY/postback?subid=%7Bsubacc4%7D&payout=%7Brevenue%7D", 200, "OK"),
    ],
)
def test_a_refusal_is_in_the_sender_s_own_words(dialect: str, request_: str, http: int, answer: str) -> None:
    printed = told(dialect, request_)
    assert printed["http_status"] == http
    assert printed["reply"].startswith(answer)
    assert printed["order_id"] is None
