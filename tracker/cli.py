"""The command line: reads arguments, calls one command, turns problems into sentences and exit codes."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from typing import TypeAlias

from tracker.commands import backup as backing_up
from tracker.commands import erase as erasing
from tracker.commands import keys as key_work
from tracker.commands import notifications as notifying
from tracker.commands import operate, processes, running, staff, try_postback
from tracker.commands import rebuild as rebuilding
from tracker.commands import reconcile as reconciling
from tracker.commands.rates import rates
from tracker.commands.serve import serve
from tracker.commands.simulate import simulate
from tracker.errors import ConfigurationError, TrackerError
from tracker.settings import Settings, read_settings

_OPTIONS = ("data", "partners", "host", "port", "workers", "warehouse_port", "demo", "demo_port")


def run(arguments: Sequence[str]) -> int:
    """Run one command: 0 done, 1 failed, 2 wrong configuration or arguments."""
    options = _parser().parse_args(arguments)
    try:
        settings = read_settings(os.environ, **{name: getattr(options, name, None) for name in _OPTIONS})
        command: Callable[[argparse.Namespace, Settings], int | None] = options.command
        return command(options, settings) or 0
    except ConfigurationError as error:
        for problem in error.problems:
            print(problem, file=sys.stderr)
        return 2
    except TrackerError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # whoever read our words has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def command_names() -> list[str]:
    """Every command, for the test that holds the docs to them."""
    [commands] = [action for action in _parser()._actions if isinstance(action, argparse._SubParsersAction)]  # noqa: SLF001
    return sorted(commands.choices)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tracker", description="Click tracking and attribution of a cashback programme."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_process_commands(commands)
    _add_operator_commands(commands)
    _add_staff_commands(commands)
    _add_rates(commands)
    notifying.add_arguments(_add(commands, "notifications", notifying.HELP, notifying.notifications))
    backing_up.add_arguments(_add(commands, "backup", backing_up.BACK_UP, backing_up.back_up))
    backing_up.add_arguments(_add(commands, "restore", backing_up.RESTORE, backing_up.restore))
    erasing.add_arguments(_add(commands, "erase", erasing.HELP, erasing.run))
    key_work.add_arguments(_add(commands, "keys", key_work.HELP, key_work.run))
    rebuilding.add_arguments(_add(commands, "rebuild", rebuilding.HELP, rebuilding.rebuild))
    reconciling.add_arguments(_add(commands, "reconcile", reconciling.HELP, reconciling.reconcile))
    try_postback.add_arguments(_add(commands, "try-postback", try_postback.HELP, try_postback.run))
    return parser


Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"  # noqa: SLF001 - it has no public name


def _add(commands: Commands, name: str, help_: str, command: Callable[..., int | None]) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(name, help=help_, description=help_)
    parser.set_defaults(command=command)
    parser.add_argument("--data", help="folder of the embedded stores and the secrets (TRACKER_DATA)")
    parser.add_argument("--partners", help="the programme's rules and partners (TRACKER_PARTNERS)")
    return parser


def _add_process_commands(commands: Commands) -> None:
    for name, help_, command in (
        ("serve", "start everything: the stores, the web workers, the warehouse", serve),
        ("web", "one web worker, on stores that are already running", processes.web),
        ("drain", "the warehouse process: ships every fact to ClickHouse, serves analysts", processes.drain),
        ("demo", "the demo shops and the demo sign-in", processes.demo),
    ):
        parser = _add(commands, name, help_, command)
        parser.add_argument("--host", help="address to listen on (TRACKER_HOST)")
        parser.add_argument("--port", type=int, help="port to listen on (TRACKER_PORT)")
        parser.add_argument("--workers", type=int, help="web processes (TRACKER_WORKERS)")
        parser.add_argument("--warehouse-port", type=int, help="analysts' port on loopback (TRACKER_WAREHOUSE_PORT)")
        parser.add_argument(
            "--demo", action="store_const", const="1", help="links lead to demo shops of our own (TRACKER_DEMO)"
        )
        parser.add_argument("--demo-port", type=int, help="the demo shops' port on loopback (TRACKER_DEMO_PORT)")
        # How `serve` hands its children the socket to accept on and the pipe whose end says that it is gone.
        parser.add_argument("--listen-fd", type=int, help=argparse.SUPPRESS)
        parser.add_argument("--parent-fd", type=int, help=argparse.SUPPRESS)
        parser.add_argument("--board-fd", type=int, help=argparse.SUPPRESS)
        parser.add_argument("--place", type=int, default=0, help=argparse.SUPPRESS)


def _add_operator_commands(commands: Commands) -> None:
    _add(commands, "restart", "new processes for old ones, without a refused connection", running.restart)
    reload_ = _add(commands, "reload", "put partners.yaml in force: validate, show what changes, swap", running.reload)
    reload_.add_argument(
        "--yes", action="store_true", help="also what may be a slip: a partner removed, a rate that jumps"
    )
    reload_.add_argument("--dry-run", action="store_true", help="show what would change, and change nothing")
    _add(commands, "migrate", "bring the schemas of PostgreSQL and ClickHouse up to date", operate.migrate)
    check = _add(commands, "check-partners", "report every problem of partners.yaml, with line and fix", operate.check)
    check.add_argument("file", nargs="?", help="default: TRACKER_PARTNERS")
    link = _add(commands, "link", "print a signed click-out address", operate.link)
    link.add_argument("shopper")
    link.add_argument("partner", help="a partner's id, or * for any")
    address = _add(commands, "postback-url", "print the address to give to a partner", operate.postback_url)
    address.add_argument("partner")
    address.add_argument("--network", action="store_true", help="as its network wants it: macros and paths of its own")
    _add(commands, "reports-url", "print the address at which analysts read the reports", operate.reports_url)
    page = _add(commands, "partner-url", "print the address of a partner's own page", operate.partner_url)
    page.add_argument("partner")
    _add(commands, "desk-url", "print the address of the staff's desk", operate.desk_url)
    query = _add(commands, "query", "run ClickHouse SQL; works beside a running server", operate.query)
    query.add_argument("sql")
    query.add_argument("--format", default="PrettyCompact", help="any ClickHouse output format")
    traffic = _add(commands, "simulate", "send traffic to a running tracker, and judge what it made of it", simulate)
    traffic.add_argument("--clicks", type=int, default=1000, help="how many; default: 1000")
    traffic.add_argument("--seed", type=int, default=1, help="the same seed plans the same traffic; default: 1")
    traffic.add_argument("--partial", action="store_true", help="the tracker is not empty: judge this run's rows alone")
    traffic.add_argument("--json", action="store_true", help="for programs")


def _add_staff_commands(commands: Commands) -> None:
    for name, help_, action in (
        ("late", "conversions confirmed after the window, or not confirmed in it", "override"),
        ("unmatched", "conversions without a click that we know", "claim"),
        ("held", "conversions that wait for staff", "release"),
    ):
        parser = _add(commands, name, help_, staff.work(name))
        parser.add_argument("--json", action="store_true", help="for programs")
        parser.set_defaults(action="list")
        actions = parser.add_subparsers(metavar="list | " + action)
        listed, act = actions.add_parser("list", help="the default"), actions.add_parser(action)
        for one, name_ in ((listed, "list"), (act, action)):  # options may stand behind the action too
            one.set_defaults(action=name_)
            one.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="for programs")
            one.add_argument("--data", default=argparse.SUPPRESS, help="(TRACKER_DATA)")
            one.add_argument("--partners", default=argparse.SUPPRESS, help="(TRACKER_PARTNERS)")
        act.add_argument("partner")
        act.add_argument("order")
        if action == "claim":
            act.add_argument("click_id")
        act.add_argument("--reason", required=True, help="why; logged")
        act.add_argument("--staff", required=True, help="who you are; logged")
    _add(commands, "replay", "decide what failed, was deferred, or waited for a click or a rate", staff.replay)


def _add_rates(commands: Commands) -> None:
    parser = _add(commands, "rates", "exchange rates of the days of orders: list, import", rates)
    parser.set_defaults(action="list")
    actions = parser.add_subparsers(metavar="list | import")
    listed, imported = actions.add_parser("list", help="the default"), actions.add_parser("import")
    for one, name in ((listed, "list"), (imported, "import")):
        one.set_defaults(action=name)
        one.add_argument("--data", default=argparse.SUPPRESS, help="(TRACKER_DATA)")
        one.add_argument("--partners", default=argparse.SUPPRESS, help="(TRACKER_PARTNERS)")
    parser.set_defaults(currency=None)
    listed.add_argument("--currency", help="this one only")
    imported.add_argument("file", help="CSV with date, currency, nominal, rubles, or the central bank's XML")
    imported.add_argument("--currency", help="of an XML over a period, which does not name it")
    imported.add_argument("--fill-gaps", action="store_true", help="also between this file and the days known before")
