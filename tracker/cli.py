"""The command line: reads arguments, calls one command, turns problems into sentences and exit codes.

Only the module of the command that is asked for is imported: what the others need would make every start slower.
"""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from types import ModuleType

from tracker.commands.catalogue import COMMANDS, Command
from tracker.errors import ConfigurationError, TrackerError
from tracker.settings import Settings, read_settings

_OPTIONS = ("data", "partners", "host", "port", "workers", "warehouse_port", "demo", "demo_port")


def run(arguments: Sequence[str]) -> int:
    """Run one command: 0 done, 1 failed, 2 wrong configuration or arguments."""
    options = _parser(next(iter(arguments), "")).parse_args(arguments)
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


def _parser(asked: str) -> argparse.ArgumentParser:
    """It knows every command, and the arguments of the one that is asked for."""
    parser = argparse.ArgumentParser(
        prog="tracker", description="Click tracking and attribution of a cashback programme."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, command in COMMANDS.items():
        one = commands.add_parser(name, help=command.help, description=command.help)
        if name == asked:
            _add_arguments(one, command)
    return parser


def _add_arguments(parser: argparse.ArgumentParser, command: Command) -> None:
    module: ModuleType = import_module(f"tracker.commands.{command.module}")
    parser.set_defaults(command=getattr(module, command.function))
    parser.add_argument("--data", help="folder of the embedded stores and the secrets (TRACKER_DATA)")
    parser.add_argument("--partners", help="the programme's rules and partners (TRACKER_PARTNERS)")
    add_arguments: Callable[[argparse.ArgumentParser], None] = command.add_arguments or module.add_arguments
    add_arguments(parser)
