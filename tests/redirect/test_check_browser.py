"""What the checks page's answers lead to: the shop, or a page that says all that was found (docs/rules.md, S)."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from redis.asyncio import Redis

from tests.browsing import BLOCKER_ON, CLEAN, MAYBE_PRIVATE, PRIVATE, is_checks_page
from tests.redirect.setting import Setting, open_setting
from tracker.core.click import Check, Confidence, Finding, Policy
from tracker.core.partner import CheckPolicy
from tracker.core.reasons import Reason

TAB_B = "b" * 16
RECORD = {check: CheckPolicy(Policy.RECORD) for check in Check}
WARN = {check: CheckPolicy(Policy.WARN) for check in Check}


@pytest.fixture
async def setting(valkey: Redis) -> AsyncIterator[Setting]:
    async with open_setting(valkey) as opened:
        yield opened


async def refusals(setting: Setting, click_id: str) -> tuple[Reason, ...]:
    click = await setting.find(click_id)
    assert click is not None
    return click.refusals


async def test_a_browser_is_asked_once_and_the_next_click_is_one_redirect_for_15_minutes(setting: Setting) -> None:
    page = await setting.go(s=setting.link(for_partner="*"), stay=True)
    assert is_checks_page(page.text)
    assert await setting.facts() == []
    assert (await setting.check(page)).click_id

    setting.now += 899
    passed = await setting.go("piz", stay=True)
    assert (passed.status, bool(passed.click_id)) == (302, True)
    assert [fact.checks[0][3] for fact in await setting.facts()] == [
        "script:ok fetch:ok controls:ok dom:shown", "pass",
    ]  # fmt: skip
    setting.now += 2
    assert is_checks_page((await setting.go("ali", stay=True)).text)


@pytest.mark.parametrize(
    ("evidence", "reason"),
    [(BLOCKER_ON, Reason.AD_BLOCKER), (PRIVATE, Reason.PRIVATE_MODE)],
    ids=["ae_33", "ae_36"],
)
async def test_what_the_rules_forbid_stops_the_shopper_who_may_go_on_without_cashback(
    setting: Setting, evidence: dict[str, Any], reason: Reason
) -> None:
    page = await setting.go(s=setting.link(), stay=True)
    stopped = await setting.check(page, **evidence)
    assert (stopped.location, stopped.cookies) == ("", [])
    [fact] = await setting.facts()
    assert (fact.outcome, fact.refusals) == ("stopped", [reason])
    assert await setting.find(fact.click_id) is None  # nobody was sent on with it

    gone = await setting.check(page, act="anyway", **evidence)
    assert await refusals(setting, gone.click_id) == (reason,)
    assert is_checks_page((await setting.go(stay=True)).text)  # it has no pass


async def test_ae_34_switching_it_off_and_retrying_is_a_new_click_that_earns(setting: Setting) -> None:
    page = await setting.go(s=setting.link(), stay=True)
    await setting.check(page, **BLOCKER_ON)
    gone = await setting.check(page)
    assert await refusals(setting, gone.click_id) == ()
    assert [fact.outcome for fact in await setting.facts()] == ["stopped", "go"]


async def test_ae_35_cookies_are_decided_by_whether_ours_comes_back(setting: Setting) -> None:
    link = setting.link()
    page = await setting.go(s=link, stay=True)
    setting.jar.clear()
    blocked: dict[str, Any] = {"storage": "blocked", "tab": ""}
    assert (await setting.check(page, **blocked)).location == ""
    setting.jar.clear()
    gone = await setting.check(page, act="anyway", **blocked)
    assert await refusals(setting, gone.click_id) == (Reason.COOKIES_BLOCKED,)


async def test_ae_37_what_is_not_known_refuses_nothing_and_is_kept(setting: Setting) -> None:
    broken: dict[str, Any] = {
        "blocker": {**CLEAN["blocker"], "script_control": "error", "script": "error"},
        "private": {},
    }
    page = await setting.go(s=setting.link(), stay=True)
    gone = await setting.check(page, **broken)
    click = await setting.find(gone.click_id)
    assert click is not None
    assert click.refusals == ()
    unknown = [one.check for one in click.checks if one.finding is Finding.UNKNOWN]
    assert unknown == [Check.AD_BLOCKER, Check.PRIVATE_MODE]


async def test_everything_that_was_found_is_told_together(setting: Setting) -> None:
    await setting.go(s=setting.link())
    setting.now += 120
    page = await setting.go(stay=True)
    stopped = await setting.check(page, tab=TAB_B, **BLOCKER_ON, **PRIVATE)
    assert stopped.text.count("<section") == 3
    fact = (await setting.facts())[-1]
    assert fact.refusals == [Reason.AD_BLOCKER, Reason.PRIVATE_MODE, Reason.SECOND_TAB]


async def test_what_is_only_likely_warns_and_the_shopper_may_overrule(setting: Setting) -> None:
    page = await setting.go(s=setting.link(), stay=True)
    stopped = await setting.check(page, **MAYBE_PRIVATE)
    assert stopped.location == ""
    assert 'data-act="overrule"' in stopped.text
    assert 'data-act="anyway"' not in stopped.text
    gone = await setting.check(page, act="overrule", **MAYBE_PRIVATE)
    click = await setting.find(gone.click_id)
    assert click is not None
    assert click.refusals == ()
    assert (click.checks[2].finding, click.checks[2].confidence) == (Finding.FOUND, Confidence.MEDIUM)


async def test_a_policy_may_refuse_what_is_only_likely(valkey: Redis) -> None:
    policies = {Check.PRIVATE_MODE: CheckPolicy(Policy.REFUSE, Confidence.MEDIUM)}
    async with open_setting(valkey, policies=policies) as setting:
        page = await setting.go(s=setting.link(), stay=True)
        assert (await setting.check(page, act="overrule", **MAYBE_PRIVATE)).location == ""
        gone = await setting.check(page, act="anyway", **MAYBE_PRIVATE)
        assert await refusals(setting, gone.click_id) == (Reason.PRIVATE_MODE,)


async def test_a_policy_that_records_tells_nothing(valkey: Redis) -> None:
    async with open_setting(valkey, policies=RECORD) as setting:
        first = await setting.go(s=setting.link())
        setting.now += 60
        page = await setting.go(stay=True)
        second = await setting.check(page, tab=TAB_B, **BLOCKER_ON, **PRIVATE)
        for click_id in (first.click_id, second.click_id):
            click = await setting.find(click_id)
            assert click is not None
            assert (click.refusals, click.superseded_at) == ((), None)
        found = {check: finding for check, finding, *_ in (await setting.facts())[-1].checks}
        assert found["second_tab"] == found["ad_blocker"] == "found"


async def test_a_policy_that_warns_refuses_nothing_that_is_overruled(valkey: Redis) -> None:
    async with open_setting(valkey, policies=WARN) as setting:
        await setting.go(s=setting.link())
        setting.now += 60
        page = await setting.go(stay=True)
        assert (await setting.check(page, tab=TAB_B, **BLOCKER_ON)).location == ""
        gone = await setting.check(page, tab=TAB_B, act="overrule", **BLOCKER_ON)
        assert await refusals(setting, gone.click_id) == ()


async def test_ae_38_a_second_tab_is_not_sent_on_and_the_first_click_stays_good(setting: Setting) -> None:
    first = await setting.go(s=setting.link())
    setting.now += 300
    page = await setting.go(stay=True)
    assert is_checks_page(page.text)
    stopped = await setting.check(page, tab=TAB_B)
    assert (stopped.location, 'data-act="over"' in stopped.text) == ("", True)
    click = await setting.find(first.click_id)
    assert click is not None
    assert (click.refusals, click.superseded_at) == ((), None)

    without = await setting.check(page, tab=TAB_B, act="anyway")
    assert await refusals(setting, without.click_id) == (Reason.SECOND_TAB,)
    assert (await setting.check(page)).click_id  # the first tab is still free to click again


async def test_ae_39_starting_over_supersedes_the_first_click(setting: Setting) -> None:
    first = await setting.go(s=setting.link())
    setting.now += 300
    page = await setting.go(stay=True)
    second = await setting.check(page, tab=TAB_B, act="over")
    superseded, current = await setting.find(first.click_id), await setting.find(second.click_id)
    assert superseded is not None
    assert current is not None
    assert superseded.superseded_at == current.clicked_at
    assert (current.refusals, current.superseded_at) == ((), None)
    assert (await setting.facts())[-1].supersedes == first.click_id


async def test_starting_over_never_skips_what_else_was_found(setting: Setting) -> None:
    await setting.go(s=setting.link())
    setting.now += 300
    page = await setting.go(stay=True)
    assert (await setting.check(page, tab=TAB_B, act="over", **BLOCKER_ON)).location == ""


async def test_ae_40_another_partner_in_another_tab_is_fine(setting: Setting) -> None:
    first = await setting.go("lab", s=setting.link(for_partner="*"))
    second = await setting.go("piz", tab=TAB_B)
    for click_id, partner_id in ((first.click_id, "lab"), (second.click_id, "piz")):
        click = await setting.find(click_id, partner_id)
        assert click is not None
        assert (click.refusals, click.superseded_at) == ((), None)


async def test_the_same_tab_may_click_again(setting: Setting) -> None:
    first = await setting.go(s=setting.link())
    setting.now += 300
    second = await setting.go()
    assert second.asked
    assert second.click_id not in ("", first.click_id)
    click = await setting.find(first.click_id)
    assert click is not None
    assert click.superseded_at is None


async def test_ae_42_what_was_open_ended_with_the_browser(setting: Setting) -> None:
    first = await setting.go(s=setting.link())
    setting.now += timedelta(hours=1).total_seconds()
    del setting.jar["pass"]  # as a browser forgets it when it is closed
    second = await setting.go(tab=TAB_B)
    assert second.click_id not in ("", first.click_id)
    click = await setting.find(first.click_id)
    assert click is not None
    assert click.superseded_at is None


@pytest.mark.parametrize("arrived", [True, False])
async def test_a_tab_that_was_opened_before_the_first_one_s_answer_came_is_a_second_tab(
    setting: Setting, arrived: bool
) -> None:
    setting.jar["browser"] = setting.tokens.make_browser_cookie("b" * 20, setting.now)
    first = await setting.go(s=setting.link(), stay=True)
    setting.now += 0.7
    assert (await setting.check(first)).click_id
    pass_ = setting.jar.pop("pass")  # the other tab's request was sent before
    setting.now += 0.1  # a second has begun
    second = await setting.go(s=setting.link(), stay=True)
    if arrived:
        setting.jar["pass"] = pass_
    assert (await setting.check(second, tab=TAB_B)).location == ""


async def test_a_pass_of_another_browser_is_none(setting: Setting) -> None:
    setting.passed("c" * 20)
    stolen = setting.jar["pass"]
    setting.jar.clear()
    await setting.go(s=setting.link(), stay=True)
    setting.jar["pass"] = stolen
    assert is_checks_page((await setting.go(s=setting.link(), stay=True)).text)


async def test_without_script_the_shopper_goes_on_without_cashback(setting: Setting) -> None:
    page = await setting.go(s=setting.link(), stay=True)
    [address] = [part.partition('"')[0] for part in page.text.split('href="') if "without=1" in part.partition('"')[0]]
    query: dict[str, Any] = dict(pair.split("=", 1) for pair in address.partition("?")[2].split("&amp;"))
    gone = await setting.go(**query)
    assert await refusals(setting, gone.click_id) == (Reason.NOT_CHECKED,)
    # Nobody can send around a link that makes others lose their cashback.
    assert is_checks_page((await setting.go(s=setting.link(), without="1", page="forged", stay=True)).text)


@pytest.mark.parametrize("page", ["", "forged", "another partner's", "old"])
async def test_what_no_page_of_ours_said_begins_again(setting: Setting, page: str) -> None:
    ours = await setting.go(s=setting.link(for_partner="*"), stay=True)
    other = await setting.go("piz", s=setting.link(for_partner="*"), stay=True)
    token = {"another partner's": other, "old": ours}.get(page)
    text = ours.text
    if page == "old":
        setting.now += 86_401
    elif token is not None:
        text = token.text.replace("/go/piz/check", "/go/lab/check")
    else:
        before, _, rest = text.partition('data-token="')
        text = f'{before}data-token="{page}"{rest[rest.index(chr(34)) + 1 :]}'
    answer = await setting.check(type(ours)(ours.answer, text, ""))
    assert answer.location.startswith("/go/lab")
    assert await setting.facts() == []


async def test_only_our_own_page_may_ask(setting: Setting) -> None:
    page = await setting.go(s=setting.link(), stay=True)
    answer = await setting.check(page, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.answer.status == 403
    assert await setting.facts() == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[]",
        b'{"page":1}',
        b"\xff",
        b'{"page":"x","act":"fly"}',
        b"{" * 9000,
        b'{"page":"x","act":"check","tab":"aaaaaaaaaaaaaaaa\\n"}',
    ],
)
async def test_what_is_no_evidence_is_refused(setting: Setting, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    async with setting.client.post("/go/lab/check", data=body, headers=headers) as answer:
        assert answer.status == 400
        assert (await answer.json())["code"] == "malformed"


async def test_a_bot_that_posts_like_a_page_gets_no_click(setting: Setting) -> None:
    page = await setting.go(s=setting.link(), stay=True)
    answer = await setting.check(page, agent="curl/8.5.0")
    assert answer.location.startswith("/go/lab")
    assert await setting.facts() == []
