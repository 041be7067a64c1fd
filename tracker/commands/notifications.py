"""`tracker notifications`: what the programme was told of, what waits, what was given up; and sending it again."""

import argparse
import asyncio
import json
from datetime import UTC, datetime

from tracker import app
from tracker.commands.moments import moment
from tracker.core.notice import ListedNotice
from tracker.core.postings import KOPECKS
from tracker.errors import TrackerError
from tracker.settings import Settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(action="list")
    actions = parser.add_subparsers(metavar="list | replay | test | secret")
    listed, replayed = actions.add_parser("list", help="the default"), actions.add_parser("replay", help="send again")
    others = [actions.add_parser("test", help="try the way"), actions.add_parser("secret", help="print what signs")]
    for one, name in zip((listed, replayed, *others), ("list", "replay", "test", "secret"), strict=True):
        one.set_defaults(action=name)
        one.add_argument("--data", default=argparse.SUPPRESS, help="(TRACKER_DATA)")
        one.add_argument("--partners", default=argparse.SUPPRESS, help="(TRACKER_PARTNERS)")
    for one in (parser, listed):  # what neither gives is the default below
        for state, what in (("failed", "given up"), ("waiting", "still to be delivered"), ("all", "delivered too")):
            one.add_argument(
                f"--{state}", dest="state", action="store_const", const=state, default=argparse.SUPPRESS, help=what
            )
        one.add_argument("--limit", type=int, default=argparse.SUPPRESS, help="how many, newest first; default: 100")
        one.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="for programs")
    parser.set_defaults(state="undelivered", limit=100, json=False)
    replayed.add_argument("ids", nargs="*", metavar="ID", help="of the list; delivered ones too")
    for state, what in (("failed", "all that were given up"), ("waiting", "all that wait, without their pause")):
        replayed.add_argument(f"--{state}", dest="state", action="store_const", const=state, default="", help=what)
    replayed.add_argument("--since", type=moment, help="all that were recorded since then")


def notifications(options: argparse.Namespace, settings: Settings) -> int:
    """0: done, and of a test: it was taken."""
    action = {"list": _list, "replay": _replay, "test": _test, "secret": _secret}[options.action]
    return action(options, settings)


def _list(options: argparse.Namespace, settings: Settings) -> int:
    if options.limit < 1:
        raise TrackerError("Show one or more: --limit 100.")

    async def read() -> list[ListedNotice]:
        async with app.open_notice_list(settings) as notices:
            return await notices.listed(options.state, options.limit + 1)

    found = asyncio.run(read())
    shown = found[: options.limit]
    if options.json:
        for one in shown:
            print(json.dumps(_as_json(one), ensure_ascii=False))
        return 0
    for one in shown:
        print(_line(one))
    if len(found) > len(shown):
        print(f"These are the newest {len(shown)}; --limit shows more.")
    if not found:
        print("Nothing to tell." if options.state == "undelivered" else "None.")
    return 0


def _replay(options: argparse.Namespace, settings: Settings) -> int:
    app.refuse_unless_notified(settings)
    if (bool(options.ids), bool(options.state), options.since is not None).count(True) != 1:
        raise TrackerError("Say what to send again: ids of notifications, --failed, --waiting, or --since TIME.")

    async def act() -> int:
        now = datetime.now(UTC)
        async with app.open_notice_list(settings) as notices:
            if options.state:
                return await notices.replay_all(now, options.state)
            if options.since is not None:
                return await notices.replay_since(now, options.since)
            done = await notices.replay(now, options.ids)
            if missing := sorted(set(options.ids) - set(done)):
                raise TrackerError(f"There is no notification {', '.join(missing)}; {len(done)} are sent again.")
            return len(done)

    print(f"{asyncio.run(act())} are sent again, each under its id.")
    return 0


def _test(options: argparse.Namespace, settings: Settings) -> int:  # noqa: ARG001 - every action has this shape
    answer = asyncio.run(app.send_trial(settings))
    where = app.notify_settings(settings).url
    print(f"{where}: {f'{answer.status}' if answer.status else answer.problem}")
    if answer.text:
        print(answer.text)
    return 0 if answer.is_taken else 1


def _secret(options: argparse.Namespace, settings: Settings) -> int:  # noqa: ARG001 - every action has this shape
    for secret in app.notify_settings(settings).secrets:
        print(secret)
    return 0


def _line(one: ListedNotice) -> str:
    notice = one.notice
    before, after = _rubles(notice.before_kopecks), _rubles(notice.after_kopecks)
    what = f"{notice.kind} {before} -> {after}"
    return (
        f"{notice.notice_id}  {notice.at:%Y-%m-%d %H:%M:%S}Z  {notice.partner_id:16} {notice.order_id:24} "
        f"{what:24} {_state(one)}"
    )


def _state(one: ListedNotice) -> str:
    if one.delivered_at:
        return f"delivered {one.delivered_at:%Y-%m-%d %H:%M:%S}Z"
    tried = f"after {one.attempts} attempts: {one.last_error}" if one.attempts else one.last_error
    if one.given_up_at:
        return f"given up {tried}"
    return f"waits {tried}".rstrip() + (f"; next {one.next_attempt_at:%H:%M:%S}Z" if one.attempts else "")


def _as_json(one: ListedNotice) -> dict[str, object]:
    notice = one.notice
    return {
        "id": notice.notice_id,
        "type": f"cashback.{notice.kind}",
        "at": notice.at.isoformat(),
        "shopper_id": notice.shopper_id,
        "partner_id": notice.partner_id,
        "order_id": notice.order_id,
        "revision": notice.revision,
        "cashback_before": _rubles(notice.before_kopecks),
        "cashback": _rubles(notice.after_kopecks),
        "attempts": one.attempts,
        "next_attempt_at": _iso(one.next_attempt_at),
        "delivered_at": _iso(one.delivered_at),
        "given_up_at": _iso(one.given_up_at),
        "last_error": one.last_error,
    }


def _rubles(kopecks: int) -> int:
    return kopecks // KOPECKS


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
