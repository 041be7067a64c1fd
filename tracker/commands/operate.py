"""What an operator types: check, link, postback-url, reports-url, migrate, query."""

import argparse
import asyncio
import os
import sys
import time
from pathlib import Path

from tracker import app, keys
from tracker.core.partner import Programme
from tracker.errors import ConfigurationError
from tracker.partners import Sources, load_programme
from tracker.redirect.tokens import ANY_PARTNER, make_link
from tracker.settings import Settings


def programme_without_data(settings: Settings) -> Programme:
    """The programme with the secrets that happen to be known here: needs no data folder."""
    try:
        made = keys.load(settings.data).postback
    except ConfigurationError:
        made = {}
    return load_programme(settings.partners, Sources(os.environ, app.dialect_fields(), made))


def check(options: argparse.Namespace, settings: Settings) -> None:
    """Every problem is the exception's; here is what is fine."""
    path = Path(options.file) if options.file else settings.partners
    programme = load_programme(path, Sources(os.environ, app.dialect_fields(), {}))
    for partner in programme.partners.values():
        print(f"{partner.id:20} {partner.category:16} {partner.postback.dialect:10} terms {partner.terms.version}")
    print(f"{path.name}: {len(programme.partners)} partners, no problems.")


def link(options: argparse.Namespace, settings: Settings) -> None:
    """A signed click-out address; with * for the partner, put the partner's id in its place."""
    programme = programme_without_data(settings)
    if options.partner != ANY_PARTNER and options.partner not in programme.partners:
        raise ConfigurationError([f"no partner {options.partner!r}; known are {', '.join(sorted(programme.partners))}"])
    token = make_link(keys.load(settings.data).link, options.shopper, options.partner, time.time())
    where = "PARTNER" if options.partner == ANY_PARTNER else options.partner
    print(f"{app.running(settings).public_url}/go/{where}?s={token}")


def postback_url(options: argparse.Namespace, settings: Settings) -> None:
    """The address, with every active secret: the first is the one to give away."""
    programme = app.load(settings, keys.load(settings.data))
    partner = programme.partners.get(options.partner)
    if partner is None:
        raise ConfigurationError([f"no partner {options.partner!r}; known are {', '.join(sorted(programme.partners))}"])
    print(f"{app.running(settings).public_url}/pb/{partner.id}/{partner.postback.secrets[0]}")


def reports_url(options: argparse.Namespace, settings: Settings) -> None:  # noqa: ARG001 - every command has this shape
    """With the token in it: whoever opens it may read the reports for 12 hours."""
    print(f"{app.running(settings).public_url}/reports?token={keys.load(settings.data).reports}")


def migrate(options: argparse.Namespace, settings: Settings) -> None:  # noqa: ARG001 - every command has this shape
    """Both schemas; `serve` does it by itself."""
    for name in asyncio.run(app.migrate(settings)):
        print(f"applied {name}")
    print("The schemas are up to date.")


def query(options: argparse.Namespace, settings: Settings) -> None:
    """Through the running warehouse process; without one, on the engine itself."""
    sys.stdout.buffer.write(asyncio.run(app.query(settings, options.sql, options.format)))
    sys.stdout.buffer.flush()
