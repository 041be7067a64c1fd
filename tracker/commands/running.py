"""`tracker restart` and `tracker reload`: what the running `serve` is asked to do."""

import argparse

from tracker.commands.control import ask_running
from tracker.settings import Settings


def restart(options: argparse.Namespace, settings: Settings) -> None:  # noqa: ARG001 - every command has this shape
    """New processes for old ones, one by one."""
    ask_running(settings, "restart")
    print("Restarted: no connection was refused.")


def reload(options: argparse.Namespace, settings: Settings) -> None:
    """The file that `serve` was started with."""
    partners = str(settings.partners) if options.partners else ""
    ask_running(settings, "reload", yes=options.yes, dry_run=options.dry_run, partners=partners)
