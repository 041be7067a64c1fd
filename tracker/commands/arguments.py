"""Arguments of the commands whose own modules take long to import, or share them."""

import argparse
from collections.abc import Callable


def nothing(_: argparse.ArgumentParser) -> None:
    """Beyond what every command has."""


def process(parser: argparse.ArgumentParser) -> None:
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


def reload(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--yes", action="store_true", help="also what may be a slip: a partner removed, a rate that jumps"
    )
    parser.add_argument("--dry-run", action="store_true", help="show what would change, and change nothing")


def check_partners(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", nargs="?", help="default: TRACKER_PARTNERS")


def link(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shopper")
    parser.add_argument("partner", help="a partner's id, or * for any")


def partner(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("partner")


def postback_url(parser: argparse.ArgumentParser) -> None:
    partner(parser)
    parser.add_argument("--network", action="store_true", help="as its network wants it: macros and paths of its own")


def query(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("sql")
    parser.add_argument("--format", default="PrettyCompact", help="any ClickHouse output format")


def simulate(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--clicks", type=int, default=1000, help="how many; default: 1000")
    parser.add_argument("--seed", type=int, default=1, help="the same seed plans the same traffic; default: 1")
    parser.add_argument("--partial", action="store_true", help="the tracker is not empty: judge this run's rows alone")
    parser.add_argument("--json", action="store_true", help="for programs")


def queue(action: str, *more: str) -> Callable[[argparse.ArgumentParser], None]:
    """Of staff's work on conversions that wait: listed, or one of them acted on."""

    def add(parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="for programs")
        parser.set_defaults(action="list")
        actions = parser.add_subparsers(metavar="list | " + action)
        listed, act = actions.add_parser("list", help="the default"), actions.add_parser(action)
        for one, name in ((listed, "list"), (act, action)):
            _again(one, name)
            one.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="for programs")
        for argument in ("partner", "order", *more):
            act.add_argument(argument)
        act.add_argument("--reason", required=True, help="why; logged")
        act.add_argument("--staff", required=True, help="who you are; logged")

    return add


def rates(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(action="list", currency=None)
    actions = parser.add_subparsers(metavar="list | import")
    listed, imported = actions.add_parser("list", help="the default"), actions.add_parser("import")
    for one, name in ((listed, "list"), (imported, "import")):
        _again(one, name)
    listed.add_argument("--currency", help="this one only")
    imported.add_argument("file", help="CSV with date, currency, nominal, rubles, or the central bank's XML")
    imported.add_argument("--currency", help="of an XML over a period, which does not name it")
    imported.add_argument("--fill-gaps", action="store_true", help="also between this file and the days known before")


def _again(parser: argparse.ArgumentParser, action: str) -> None:
    """Options may stand behind the action too."""
    parser.set_defaults(action=action)
    parser.add_argument("--data", default=argparse.SUPPRESS, help="(TRACKER_DATA)")
    parser.add_argument("--partners", default=argparse.SUPPRESS, help="(TRACKER_PARTNERS)")
