"""The programme as the demo runs it: the same partners and terms, with links that lead to our own demo shops."""

from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import parse_qsl, urlsplit

from tracker.core.partner import Notify, Partner, Programme

SHOPS = "shop.localhost"  # browsers take every name below localhost for this machine
SIGN_IN = "programme.localhost"
NOTIFY_SECRET = "DEMO_NOTIFY_SECRET"  # noqa: S105 - its name among the installation's secrets


def demo_programme(programme: Programme, port: int, notify_secret: str | None = None) -> Programme:
    """`port` is where the demo shops answer. Whom partners.yaml notifies hears nothing of a demo."""
    notify = Notify(f"http://127.0.0.1:{port}/notifications", (notify_secret,)) if notify_secret else None
    return replace(
        programme,
        notify=notify,
        sign_in=f"http://{SIGN_IN}:{port}/sign-in",
        partners={one.id: _demo_partner(one, port) for one in programme.partners.values()},
    )


def shop_host(partner_id: str) -> str:
    """Each partner's shop has a host, and so cookies, of its own."""
    return f"{partner_id}.{SHOPS}"


def partner_of(host: str, partners: Mapping[str, Partner]) -> Partner | None:
    """Whose shop answers at a host, with or without a port."""
    partner_id, _, rest = without_port(host).partition(".")
    return partners.get(partner_id) if rest == SHOPS else None


def without_port(host: str) -> str:
    return host.lower().partition(":")[0]


def click_parameter(partner: Partner) -> str | None:
    """Where the partner's link carries the click id; None if it is no parameter."""
    parameters = parse_qsl(urlsplit(partner.link).query)
    return next((name for name, value in parameters if "{click_id}" in value), None)


def _demo_partner(partner: Partner, port: int) -> Partner:
    """The sub id stays where the partner's network wants it."""
    shop = f"http://{shop_host(partner.id)}:{port}/"
    return replace(
        partner, link=f"{shop}?{urlsplit(partner.link).query}", home=shop, hosts=frozenset({shop_host(partner.id)})
    )
