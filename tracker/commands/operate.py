"""What an operator types: check, link, the addresses to give away, migrate, query."""

import argparse
import asyncio
import os
import sys
import time
from pathlib import Path

from tracker import app, keys
from tracker.commands.told import told
from tracker.core.partner import Programme
from tracker.errors import ConfigurationError
from tracker.partners import Sources, load_programme
from tracker.postback.addresses import addresses
from tracker.postback.asking import asking
from tracker.postback.status_words import status_words
from tracker.redirect.tokens import ANY_PARTNER, make_link
from tracker.reports.access import partner_token
from tracker.settings import Settings


def programme_without_data(settings: Settings) -> Programme:
    """The programme with the secrets that happen to be known here: needs no data folder."""
    try:
        made = keys.load(settings.data).postback
    except ConfigurationError:
        made = {}
    return load_programme(
        settings.partners, Sources(os.environ, app.dialect_fields(), made, own_paths=app.dialects_with_own_paths())
    )


def check(options: argparse.Namespace, settings: Settings) -> None:
    """Every problem is the exception's; here is what is fine."""
    path = Path(options.file) if options.file else settings.partners
    programme = load_programme(
        path, Sources(os.environ, app.dialect_fields(), {}, own_paths=app.dialects_with_own_paths())
    )
    for partner in programme.partners.values():
        print(f"{partner.id:20} {partner.category:16} {partner.postback.dialect:10} terms {partner.terms.version}")
        for status in status_words(partner).missing:
            print(f"{'':20} no word says {status}: name one in statuses: or defaults: unless statements bring it")
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
    """The bare address; or what is entered in the partner's network, with its macros and its own paths."""
    programme = app.load(settings, keys.load(settings.data))
    partner = programme.partners.get(options.partner)
    if partner is None:
        raise ConfigurationError([f"no partner {options.partner!r}; known are {', '.join(sorted(programme.partners))}"])
    public_url = app.running(settings).public_url
    if not options.network:
        print(f"{public_url}/pb/{partner.id}/{partner.postback.secrets[0]}")
        return
    print("\n".join(told(addresses(partner, public_url), status_words(partner), asking(partner))))


def reports_url(options: argparse.Namespace, settings: Settings) -> None:  # noqa: ARG001 - every command has this shape
    """With the token in it: whoever opens it may read the reports for 12 hours."""
    print(f"{app.running(settings).public_url}/reports?token={keys.load(settings.data).reports}")


def partner_url(options: argparse.Namespace, settings: Settings) -> None:
    """With the partner's own token in it: whoever opens it sees that partner's page for 12 hours."""
    secrets = keys.load(settings.data)
    partners = app.load(settings, secrets).partners
    if options.partner not in partners:
        raise ConfigurationError([f"no partner {options.partner!r}; known are {', '.join(sorted(partners))}"])
    token = partner_token(secrets.pages, options.partner)
    print(f"{app.running(settings).public_url}/partner/{options.partner}?token={token}")


def desk_url(options: argparse.Namespace, settings: Settings) -> None:  # noqa: ARG001 - every command has this shape
    """With the token in it: whoever opens it may act as staff for 12 hours."""
    print(f"{app.running(settings).public_url}/desk?token={keys.load(settings.data).desk}")


def migrate(options: argparse.Namespace, settings: Settings) -> None:  # noqa: ARG001 - every command has this shape
    """Both schemas; `serve` does it by itself."""
    for name in asyncio.run(app.migrate(settings)):
        print(f"applied {name}")
    print("The schemas are up to date.")


def query(options: argparse.Namespace, settings: Settings) -> None:
    """Through the running warehouse process; without one, on the engine itself."""
    sys.stdout.buffer.write(asyncio.run(app.query(settings, options.sql, options.format)))
    sys.stdout.buffer.flush()
