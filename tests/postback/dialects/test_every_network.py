"""What holds for each dialect in which a network, or a server in its name, calls us at our own address."""

from urllib.parse import parse_qsl

import pytest

from tests.postback.dialects.setting import SECRET, speaker, spoken, tried
from tracker.core.report import Status
from tracker.postback.dialects import DIALECTS
from tracker.postback.dialects.dialect import Dialect, Direction, Said, Shape

NETWORKS = [one for one in DIALECTS.values() if one.direction is Direction.NETWORK or one.name == "everflow-sender"]
SHAPES = [(one, one.shapes[0]) for one in NETWORKS]
WORDS = [(one, shape, word, said) for one, shape in SHAPES for word, said in shape.statuses.items()]
LEFT_OUT = {"rakuten": {"is_event"}}  # asked for by the network, and of no use to us

each = pytest.mark.parametrize(("dialect", "shape"), SHAPES, ids=[one.name for one in NETWORKS])
each_word = pytest.mark.parametrize(
    ("dialect", "shape", "word", "said"), WORDS, ids=[f"{one.name}: {word}" for one, _, word, _ in WORDS]
)


def word_for(shape: Shape, status: Status) -> str | None:
    """A word of that status that holds nothing."""
    return next((word for word, said in shape.statuses.items() if said.status is status and not said.hold), None)


@each_word
def test_a_status_word_means_what_its_network_means(dialect: Dialect, shape: Shape, word: str, said: Said) -> None:
    partner = speaker(dialect.name, mapping=(("amount", ("the_sum",)),))

    for written in (word, f" {word.upper()} "):
        printed = tried(partner, spoken(dialect, shape, {"status": written}) + "&the_sum=1000")

        assert (printed["status"], printed["hold"], printed["settled"]) == (said.status, said.hold or False, False)
        assert printed["cashback"] == (0 if said.status is Status.DECLINED else 50)
        assert (printed["http_status"], printed["reasons"]) == (200, [])


@each
def test_an_unknown_word_never_approves_and_changes_nothing(dialect: Dialect, shape: Shape) -> None:
    partner = speaker(dialect.name, mapping=(("amount", ("the_sum",)),))
    unknown = spoken(dialect, shape, {"status": "zx81"}) + "&the_sum=1000"

    assert tried(partner, unknown)["status"] == "pending"
    if approving := word_for(shape, Status.APPROVED):
        approved = spoken(dialect, shape, {"status": approving}) + "&the_sum=1000"
        assert tried(partner, approved, unknown)["status"] == "approved"


@each
def test_a_decline_after_approval_takes_the_cashback_back(dialect: Dialect, shape: Shape) -> None:
    approving, declining = word_for(shape, Status.APPROVED), word_for(shape, Status.DECLINED)
    if approving is None or declining is None:
        assert not shape.statuses  # whoever knows one knows the other
        return
    partner = speaker(dialect.name, mapping=(("amount", ("the_sum",)),))
    approved, declined = (spoken(dialect, shape, {"status": one}) + "&the_sum=1000" for one in (approving, declining))

    assert tried(partner, approved)["cashback"] == 50
    printed = tried(partner, approved, declined)
    assert (printed["status"], printed["cashback"]) == ("declined", 0)
    assert tried(partner, approved, declined, approved)["status"] == "approved"  # networks do that, too


@each
def test_a_wrong_secret_is_answered_404(dialect: Dialect, shape: Shape) -> None:
    sent = spoken(dialect, shape, {}).replace(SECRET, "WRONG")

    assert tried(dialect.name, sent)["http_status"] == 404


@each
def test_its_macros_are_parameters_that_we_read_and_left_unfilled_they_are_no_order(
    dialect: Dialect, shape: Shape
) -> None:
    if not dialect.macros:
        return  # the network has names of its own, or asks for them one by one
    names = {name for name, _ in parse_qsl(dialect.macros, keep_blank_values=True)}

    assert names - LEFT_OUT.get(dialect.name, set()) <= shape.parameters
    unfilled = dialect.macros.replace("{click_id}", "{transaction_id}")  # what the trial itself would fill in
    printed = tried(dialect.name, f"/pb/{dialect.name}/{SECRET}?{unfilled}")
    assert (printed["http_status"], printed["reasons"]) == (200, ["macro"])


@pytest.mark.parametrize("name", [one.name for one in NETWORKS])
def test_an_empty_request_is_answered_200(name: str) -> None:
    printed = tried(name, f"/pb/{name}/{SECRET}")

    assert (printed["http_status"], printed["reasons"]) == (200, ["empty"])
    assert printed["reply"] == "OK"
