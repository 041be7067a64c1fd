"""One run: browsers click, partners report, and the tracker's answers and tables are judged."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from random import Random

import aiohttp

from tracker.errors import TrackerError
from tracker.simulate.clicks import PlannedClick, plan_visits
from tracker.simulate.compare import Check
from tracker.simulate.expected import shop_id_of, started_over
from tracker.simulate.found import Ask
from tracker.simulate.judge import judge
from tracker.simulate.messages import Message, Stray
from tracker.simulate.orders import Planner, Sending, clicked
from tracker.simulate.progress import Progress
from tracker.simulate.shop import Shop
from tracker.simulate.traces import Plan, Reply, Service, Traces
from tracker.simulate.traffic import Traffic, do_all, open_client

READY_SECONDS = 30
_ASK_AGAIN_SECONDS = 0.1


async def simulate(plan: Plan, shops: Mapping[str, Shop], service: Service) -> list[Check]:
    """Raises TrackerError when no tracker is ready, or it is not empty although it must be, or its programme does not
    refuse for every browser check."""
    _refuse_unless_strict(shops)
    traces = Traces()
    async with open_client() as client:
        await _until_ready(client, service.url)
        if plan.alone:
            await _refuse_unless_empty(service.ask)
        traffic = Traffic(client, service.url, service.secrets, service.sign, plan.name)
        await _click(plan, shops, traffic, traces)
        _plan_orders(plan, shops, traces)
        await _report(plan, traffic, traces)
    return await judge(plan, shops, service, traces)


async def _until_ready(client: aiohttp.ClientSession, url: str) -> None:
    """Until every part answers: a tracker that has just started serves shoppers before its warehouse is open."""
    parts: Mapping[str, str] = {}
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        try:
            async with client.get(f"{url}/readyz") as answer:
                parts = await answer.json()
        except aiohttp.ClientError:
            raise TrackerError(f"No tracker answers at {url}: start `tracker serve` first.") from None
        if set(parts.values()) == {"ok"}:
            return
        await asyncio.sleep(_ASK_AGAIN_SECONDS)
    away = ", ".join(name for name, state in parts.items() if state != "ok")
    raise TrackerError(f"The tracker at {url} is not ready: {away}.")


def _refuse_unless_strict(shops: Mapping[str, Shop]) -> None:
    policies = {str(policy) for shop in shops.values() for policy in shop.rules.get("checks", {}).values()}
    if policies - {"refuse"}:
        raise TrackerError("What must come of a browser check is only known where programme.checks says `refuse`.")


async def _refuse_unless_empty(ask: Ask) -> None:
    [counts] = await ask("SELECT (SELECT count() FROM clicks) AS clicks, (SELECT count() FROM postbacks) AS postbacks")
    if any(count != "0" for count in counts.values()):
        raise TrackerError(
            f"This tracker has {counts['clicks']} clicks and {counts['postbacks']} postbacks already, so totals could "
            "not be compared: use a fresh data folder, or --partial to compare this run's own rows alone."
        )


async def _click(plan: Plan, shops: Mapping[str, Shop], traffic: Traffic, traces: Traces) -> None:
    random = Random(f"{plan.seed}/clicks")  # noqa: S311 - it must be repeatable
    visits = list(plan_visits(random, list(shops.values()), plan.clicks, plan.name))
    traces.clicks.extend(click for visit in visits for click in visit)
    with Progress("clicks", len(traces.clicks)) as done:

        async def visit(clicks: Sequence[PlannedClick]) -> None:
            answers = await traffic.visit(clicks)
            traces.answers.update({click.number: answer for click, answer in zip(clicks, answers, strict=True)})
            done(len(clicks))

        await do_all(visits, visit)


def _plan_orders(plan: Plan, shops: Mapping[str, Shop], traces: Traces) -> None:
    """Of every click that was sent on with an id, in the order of their numbers."""
    planner = Planner(plan.seed, plan.name, shops)
    ids = {number: shop_id_of(answer, shops) for number, answer in traces.answers.items()}
    superseded_by = started_over(traces.clicks, ids)
    for click in traces.clicks:
        click_id = ids[click.number]
        if not click_id or click_id in traces.made:
            continue
        shop = shops[click.partner_id]
        made = traces.made[click_id] = clicked(click, click_id, shop, superseded_by.get(click.number, ""))
        traces.sendings.extend(planner.sendings(click, made))
        stray = planner.stray(click, made)
        if stray is not None:
            traces.strays.append(stray)


async def _report(plan: Plan, traffic: Traffic, traces: Traces) -> None:
    """Orders go side by side, the messages of one mostly one after the other."""
    tasks: list[Sending | Stray] = [*traces.sendings, *traces.strays]
    Random(f"{plan.seed}/order of sending").shuffle(tasks)  # noqa: S311
    with Progress("postbacks", sum(len(one.messages) for one in traces.sendings) + len(traces.strays)) as done:

        async def send(message: Message, status: int) -> None:
            traces.replies.append(Reply(message, status, await traffic.report(message)))
            done(1)

        async def send_all(task: Sending | Stray) -> None:
            if isinstance(task, Stray):
                await send(task.message, task.status)
            elif task.order.at_once:
                await asyncio.gather(*(send(message, 200) for message in task.messages))
            else:
                for message in task.messages:
                    await send(message, 200)

        await do_all(tasks, send_all)
