"""partners.yaml as the simulator reads it: plain YAML, trusted, since the service has checked it already."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from operator import itemgetter
from pathlib import Path
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import yaml

from tracker.simulate.deal import Deal, Reward


@dataclass(frozen=True, slots=True)
class Shop:
    """One partner: how it is reached, how it speaks, what it promises when."""

    id: str
    link: str
    home: str
    dialect: str
    currencies: tuple[str, ...]
    origins: frozenset[str]
    zone: ZoneInfo
    rules: Mapping[str, Any]  # of the programme
    terms: tuple[tuple[int, Mapping[str, Any]], ...]  # from when, what; oldest first
    promotions: tuple[Mapping[str, Any], ...] = ()
    session_hours: Decimal = Decimal(6)
    speech: Mapping[str, Any] = field(default_factory=dict)  # how its postbacks differ from its dialect's

    def deal_at(self, second: int) -> Deal:
        """What a click at this moment is promised (Q-09)."""
        terms = [entry for since, entry in self.terms if since <= second][-1]
        day = datetime.fromtimestamp(second, self.zone).date()
        return Deal(
            reward=_reward(terms),
            tariffs={str(name): _reward(entry) for name, entry in terms.get("tariffs", {}).items()},
            promotions=tuple(_reward(one) for one in self.promotions if one["from"] <= day <= one["until"]),
            minimum_purchase=Decimal(str(terms.get("minimum_purchase", 0))),
            minimum_cashback=Decimal(str(self.rules.get("minimum_cashback", 1))),
            origins=self.origins,
            session_seconds=int(self.session_hours * 3600),
            window_days=int(self.rules.get("window_days", 90)),
            once_per_shopper=bool(terms.get("once_per_shopper", False)),
        )

    def best_rate_at(self, second: int) -> Decimal | None:
        """What the banner shows; None where only fixed sums are paid."""
        deal = self.deal_at(second)
        offers = [deal.reward, *deal.tariffs.values(), *deal.promotions]
        return max((offer.rate for offer in offers if offer.rate is not None), default=None)

    def address(self, click_id: str, deep_link: str) -> str:
        """Where a shopper of this click is sent."""
        return self.link.replace("{click_id}", click_id).replace("{url}", quote(deep_link or self.home, safe=""))

    def click_id_of(self, address: str) -> str:
        """The click id in an address that a shopper was sent to; empty: none."""
        found = re.match(rf"{re.escape(self.link.partition('{click_id}')[0])}([a-z0-9]{{30}})", address)
        return found[1] if found else ""


def read_shops(path: Path) -> dict[str, Shop]:
    """Every partner by its id."""
    document = yaml.safe_load(path.read_text("utf-8"))
    rules = document["programme"]
    return {one["id"]: _shop(one, rules) for one in document["partners"]}


def _shop(partner: Mapping[str, Any], rules: Mapping[str, Any]) -> Shop:
    zone = ZoneInfo(rules.get("timezone", "Europe/Moscow"))
    postback = partner["postback"]
    return Shop(
        id=partner["id"],
        link=partner["link"],
        home=partner["home"],
        dialect=postback["dialect"],
        currencies=tuple(partner.get("currencies", ["RUB"])),
        origins=frozenset(partner.get("origins", ["web"])),
        zone=zone,
        rules=rules,
        terms=tuple(sorted(((_second(entry["from"], zone), entry) for entry in partner["terms"]), key=itemgetter(0))),
        promotions=tuple(partner.get("promotions", ())),
        session_hours=Decimal(str(partner.get("session_hours", rules.get("session_hours", 6)))),
        speech={name: value for name, value in postback.items() if name not in ("dialect", "secret")},
    )


def _second(moment: date | datetime, zone: ZoneInfo) -> int:
    """A date begins at midnight of the programme's zone."""
    if not isinstance(moment, datetime):
        moment = datetime.combine(moment, time())
    return int((moment if moment.tzinfo else moment.replace(tzinfo=zone)).timestamp())


def _reward(entry: Mapping[str, Any] | str | float) -> Reward:
    """`5%`, or an entry with `rate` or `fixed`."""
    if not isinstance(entry, Mapping):
        entry = {"rate": entry}
    if "fixed" in entry:
        return Reward(fixed=Decimal(str(entry["fixed"])))
    if "rate" not in entry:  # tariffs alone
        return Reward()
    return Reward(rate=Decimal(str(entry["rate"]).removesuffix("%")) / 100)
