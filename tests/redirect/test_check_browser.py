"""What the checks page's answers lead to: the shop, or a page that says all that was found (docs/rules.md, S)."""

from typing import Any

import pytest
from redis.asyncio import Redis

from tests.browsing import BLOCKER_ON, CLEAN, MAYBE_PRIVATE, PRIVATE, check_of, is_checks_page
from tests.redirect.setting import Setting, open_setting
from tracker.core.click import Check, Confidence, Finding, Policy
from tracker.core.partner import CheckPolicy
from tracker.core.reasons import Reason
from tracker.redirect.tokens import PassClaim

TAB_B = "b" * 16
RECORD = {check: CheckPolicy(Policy.RECORD) for check in Check}
WARN = {check: CheckPolicy(Policy.WARN) for check in Check}


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
    assert await setting.refusals(gone.click_id) == (reason,)
    assert is_checks_page((await setting.go(stay=True)).text)  # it has no pass


async def test_ae_34_switching_it_off_and_retrying_is_a_new_click_that_earns(setting: Setting) -> None:
    page = await setting.go(s=setting.link(), stay=True)
    await setting.check(page, **BLOCKER_ON)
    gone = await setting.check(page)
    assert await setting.refusals(gone.click_id) == ()
    assert [fact.outcome for fact in await setting.facts()] == ["stopped", "go"]


async def test_ae_35_cookies_are_decided_by_whether_ours_comes_back(setting: Setting) -> None:
    link = setting.link()
    page = await setting.go(s=link, stay=True)
    setting.jar.clear()
    blocked: dict[str, Any] = {"storage": "blocked", "tab": ""}
    assert (await setting.check(page, **blocked)).location == ""
    setting.jar.clear()
    gone = await setting.check(page, act="anyway", **blocked)
    assert await setting.refusals(gone.click_id) == (Reason.COOKIES_BLOCKED,)


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
        assert await setting.refusals(gone.click_id) == (Reason.PRIVATE_MODE,)


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
        assert await setting.refusals(gone.click_id) == ()


async def test_a_pass_is_judged_by_the_policies_of_now(setting: Setting) -> None:
    setting.passed()
    claim = PassClaim("b" * 20, int(setting.now), int(setting.now), [("ad_blocker", "found", "high")])
    setting.jar["pass"] = setting.tokens.make_pass_cookie(claim)  # where it was only a warning
    assert is_checks_page((await setting.go(s=setting.link(), stay=True)).text)


async def test_who_signs_in_meanwhile_is_not_given_another_s_click(setting: Setting) -> None:
    page = await setting.go(s=setting.link("alice"), stay=True)
    setting.jar["shopper"] = setting.tokens.make_shopper_cookie("bob", setting.now)
    assert (await setting.check(page)).location.startswith("/go/lab?s=")
    assert await setting.facts() == []


async def test_a_page_s_token_is_always_short_enough_to_be_read_back(setting: Setting) -> None:
    referer = f"https://{'.'.join(['a' * 60] * 4)}.example/"
    page = await setting.go(s=setting.link(), stay=True, headers={"Referer": referer})
    assert len(check_of(page.text)[1]) < 400
    assert (await setting.check(page)).click_id


async def test_without_script_the_shopper_goes_on_without_cashback(setting: Setting) -> None:
    page = await setting.go(s=setting.link(), stay=True)
    [address] = [part.partition('"')[0] for part in page.text.split('href="') if "without=1" in part.partition('"')[0]]
    query: dict[str, Any] = dict(pair.split("=", 1) for pair in address.partition("?")[2].split("&amp;"))
    gone = await setting.go(**query)
    assert await setting.refusals(gone.click_id) == (Reason.NOT_CHECKED,)


@pytest.mark.parametrize(("site", "pages"), [("cross-site", "own"), ("none", "own"), ("", "another's"), ("", "forged")])
async def test_nobody_can_send_around_a_link_that_costs_others_their_cashback(
    setting: Setting, site: str, pages: str
) -> None:
    page = await setting.go(s=setting.link("thief"), stay=True)
    token = "forged" if pages == "forged" else check_of(page.text)[1]
    if pages == "another's":
        setting.jar.clear()
        setting.passed()
    link, headers = setting.link("thief"), {"Sec-Fetch-Site": site} if site else {}
    gone = await setting.go(s=link, without="1", page=token, stay=True, headers=headers)
    assert gone.click_id == "" or await setting.refusals(gone.click_id) == ()


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
        b'{"page":"x","act":"check","z":' + b"[" * 2000 + b"]" * 2000 + b"}",
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
