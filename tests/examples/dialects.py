"""The examples' messages in the words of two networks: the same partners, reported by Admitad (its postback, simple
mode) and by a shop's own server in TUNE's shape, which was told our host and nothing else."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

import yaml

_SPOKEN = ("lab", "lab-delivery", "ali", "piz", "trv", "bnk", "two", "lei")


class _WithoutAliases(yaml.SafeDumper):
    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 - of no value
        return True


@dataclass(frozen=True)
class Dialect:
    """`names`: the generic dialect's field -> the parameter. What a network's documents lack, `map` of partners.yaml
    adds: `added` are those names."""

    name: str
    suffix: str
    names: Mapping[str, str]
    statuses: Mapping[str, str]
    added: Mapping[str, str]
    own_path: str = ""

    def partner(self, partner: str) -> str:
        return f"{partner}-{self.suffix}"

    def say(self, query: str) -> str:
        """A message of the generic dialect in these words."""
        said = {}
        for name, value in parse_qsl(query):
            text = self.statuses[value] if name == "status" else value
            said[{**self.names, **self.added}[name]] = text
        return urlencode(said, safe="{}:")


ADMITAD = Dialect(
    name="admitad",
    suffix="admitad",
    names={
        "click_id": "subid4", "order_id": "order_id", "line_id": "admitad_id", "status": "payment_status",
        "amount": "order_sum", "currency": "currency", "tariff": "action_id", "order_time": "time",
        "promo_code": "promocode", "delivery": "delivery", "event_time": "event_time", "origin": "origin",
    },
    statuses={"pending": "new", "approved": "approved", "declined": "declined"},
    added={"line_count": "positions", "hold": "held", "event_id": "event"},
)  # fmt: skip
TUNE = Dialect(
    name="tune-sender",
    suffix="tune",
    names={"click_id": "transaction_id", "order_id": "adv_sub", "amount": "amount"},
    statuses={"pending": "pending", "approved": "approved", "declined": "rejected"},
    added={
        "status": "status", "line_id": "adv_sub2", "line_count": "adv_sub3", "tariff": "adv_sub4", "hold": "held",
        "currency": "currency", "promo_code": "adv_sub5", "delivery": "shipping", "origin": "source",
        "order_time": "datetime", "event_time": "updated", "event_id": "event",
    },
    own_path="/aff_lsr",
)  # fmt: skip
DIALECTS = {one.name: one for one in (ADMITAD, TUNE)}


def token_name(partner: str) -> str:
    """The environment name of what proves a partner at its network's own path."""
    return f"{partner.upper().replace('-', '_')}_TOKEN"


def write_partners(examples: Path, to: Path) -> None:
    """The examples' partners, and each of them once more in each of these dialects."""
    programme: dict[str, Any] = yaml.safe_load(examples.read_text())
    spoken = [one for one in programme["partners"] if one["id"] in _SPOKEN]
    programme["partners"] += [_in(dialect, one) for dialect in DIALECTS.values() for one in spoken]
    to.write_text(yaml.dump(programme, Dumper=_WithoutAliases, allow_unicode=True))


def _in(dialect: Dialect, partner: Mapping[str, Any]) -> dict[str, Any]:
    name = dialect.partner(partner["id"])
    postback = dict(partner["postback"]) | {
        "dialect": dialect.name,
        "secret": {"env": f"{name.upper().replace('-', '_')}_POSTBACK_SECRET"},
        "map": dict(dialect.added),
        "statuses": {theirs: ours for ours, theirs in dialect.statuses.items()},
    }
    if dialect.own_path:
        postback["auth"] = {"parameter": "security_token", "secret": {"env": token_name(name)}}
    return dict(partner) | {"id": name, "postback": postback}
