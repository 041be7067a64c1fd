"""Environment and options -> frozen settings. Every problem is reported at once, with its fix."""

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path

from tracker.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Settings:
    data: Path  # where the embedded stores, the secrets and the locks live
    partners: Path  # partners.yaml
    host: str  # where we listen for shoppers and partners
    port: int
    workers: int  # web processes
    public_url: str  # how the world reaches us, without a trailing slash
    warehouse_port: int  # ClickHouse's HTTP protocol for analysts, loopback; 0: any free port
    demo: bool  # links lead to demo shops of our own instead of the partners
    demo_port: int
    leave_seconds: int  # how long a worker that stops serves on, not ready, so that a balancer leaves it
    hot_days: int  # how long a click stays in Valkey
    keep_click_months: int  # how long ClickHouse keeps clicks and tag reports; 0: for ever
    keep_address_days: int  # how long postbacks keep the hash of their sender's address; 0: for ever
    trusted_proxies: tuple[str, ...]  # networks whose X-Forwarded-For we believe
    valkey_url: str | None  # None: embedded
    valkey_replicas: int  # that must have a click before it is answered
    postgres_url: str | None
    clickhouse_url: str | None
    clickhouse_cluster: str  # empty: one server
    bait_script: str  # paths of our own that every ad blocker's lists block
    bait_fetch: str
    private_timing: tuple[range, ...]  # Chromium major versions
    limit_clicks: int  # these four are per minute, address and worker; 0: no limit
    limit_tags: int
    limit_pages: int
    limit_refused: int
    limit_postbacks: int  # per minute, partner and worker; 0: no limit
    limit_at_once: int  # messages of one partner in one worker
    limit_connections: int  # of one worker
    limit_of_one_address: int  # of them
    limit_exempt: tuple[str, ...]  # networks without limits


# One line a setting: name, default, what it is. docs/operations.md is held to this table by a test.
KNOWN: dict[str, tuple[str, str]] = {
    "TRACKER_DATA": ("data", "folder of the embedded stores and the secrets"),
    "TRACKER_PARTNERS": ("partners.yaml", "the programme's rules and partners"),
    "TRACKER_HOST": ("127.0.0.1", "address to listen on"),
    "TRACKER_PORT": ("8080", "port to listen on"),
    "TRACKER_WORKERS": ("1", "web processes"),
    "TRACKER_PUBLIC_URL": ("", "how the world reaches the tracker; default http://HOST:PORT"),
    "TRACKER_WAREHOUSE_PORT": ("8123", "loopback port that speaks ClickHouse's HTTP protocol; 0 picks a free one"),
    "TRACKER_DEMO": ("", "1: links lead to demo shops of our own instead of the partners"),
    "TRACKER_DEMO_PORT": ("8081", "loopback port of the demo shops; 0 picks a free one"),
    "TRACKER_LEAVE_SECONDS": ("0", "seconds that a stopping tracker serves on with `/readyz` at 503, for a balancer"),
    "TRACKER_HOT_DAYS": ("3", "days a click stays in Valkey before ClickHouse alone has it"),
    "TRACKER_KEEP_CLICK_MONTHS": (
        "0",
        "whole months that clicks and tag reports are kept in ClickHouse, 5 or more; 0: for ever",
    ),
    "TRACKER_KEEP_ADDRESS_DAYS": ("120", "days that a postback keeps the hash of its sender's address; 0: for ever"),
    "TRACKER_TRUSTED_PROXIES": ("", "comma-separated networks whose X-Forwarded-For is believed"),
    "TRACKER_VALKEY_URL": ("", "use this Valkey, Redis or Valkey Cluster instead of the embedded one"),
    "TRACKER_VALKEY_REPLICAS": ("0", "replicas of Valkey that must have a click before it counts as recorded"),
    "TRACKER_POSTGRES_URL": ("", "use this PostgreSQL instead of the embedded one"),
    "TRACKER_CLICKHOUSE_URL": ("", "use this ClickHouse (native protocol) instead of the embedded engine"),
    "TRACKER_CLICKHOUSE_CLUSTER": ("", "name of the cluster that the ClickHouse servers of the address are"),
    "TRACKER_BAIT_SCRIPT": ("/ads-front.min.js", "path of the script that ad blockers block"),
    "TRACKER_BAIT_FETCH": ("/x_468x60_y.json", "path of the data that ad blockers block"),
    "TRACKER_PRIVATE_TIMING": (
        "83-156",
        "Chromium versions whose private mode is guessed by timing, such as 83-155,157; none: of no version",
    ),
    "TRACKER_LIMIT_CLICKS": ("1200", "click-outs a minute of one address (IPv6: /64) and worker; 0: no limit"),
    "TRACKER_LIMIT_TAGS": ("3000", "likewise, reports of the tag"),
    "TRACKER_LIMIT_PAGES": ("6000", "likewise, everything else but postbacks"),
    "TRACKER_LIMIT_REFUSED": ("1200", "likewise, postbacks that bring no partner's secret or proof"),
    "TRACKER_LIMIT_POSTBACKS": ("60000", "postbacks a minute of one partner and worker; 0: no limit"),
    "TRACKER_LIMIT_AT_ONCE": ("64", "postbacks of one partner that a worker decides at once; the others wait"),
    "TRACKER_LIMIT_CONNECTIONS": ("10000", "open connections of one worker"),
    "TRACKER_LIMIT_OF_ONE_ADDRESS": ("1000", "of them, of one address; no limit for trusted proxies"),
    "TRACKER_LIMIT_EXEMPT": (
        "127.0.0.0/8,::1",
        "networks that these limits are not for, or none",
    ),
}


_FEWEST_CLICK_MONTHS = 5

_LOGIN = r"(?:[^\s/?#]*@)?"
_HOST = r"(?:\[[0-9a-fA-F:.]+\]|[^\s/?#@,:\[\]]+)(?::[0-9]{1,5})?"
_VALKEY = r"(?:rediss?|valkeys?)"  # with an s at its end: over TLS
_VALKEY_URL = (
    rf"unix://{_LOGIN}/\S+"
    rf"|{_VALKEY}://{_LOGIN}{_HOST}(?:/[0-9]*)?(?:\?\S*)?"
    rf"|{_VALKEY}\+cluster://{_LOGIN}{_HOST}(?:,{_HOST})*/?(?:\?\S*)?"
)

# The address of each server, and an example.
_ADDRESSES = {
    "TRACKER_VALKEY_URL": (_VALKEY_URL, "redis://host:6379/0 or valkey+cluster://host:6379,host:6379"),
    "TRACKER_POSTGRES_URL": ("postgres(?:ql)?://.*", "postgresql://user:password@host/tracker"),
    "TRACKER_CLICKHOUSE_URL": ("clickhouses?://.*", "clickhouse://user:password@host:9000/"),
}


def _addresses(given: Mapping[str, str]) -> Iterator[str]:
    """Problems of servers' addresses and of proxies. A server's address may hold a password: it is not repeated."""
    for name, (pattern, example) in _ADDRESSES.items():
        if given[name] and not re.fullmatch(pattern, given[name]):
            yield f"{name} is no address that we can use: write one such as {example}"
    yield from _clickhouse(given)
    for name in ("TRACKER_TRUSTED_PROXIES", "TRACKER_LIMIT_EXEMPT"):
        for network in _networks(given[name]):
            try:
                ip_network(network, strict=False)
            except ValueError:
                yield f"{name}: {network!r} is no network; write 10.0.0.0/8 or ::1"


def _networks(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip() not in ("", "none"))


_CLICKHOUSE_HOST = r" *([\w.-]+|\[[0-9a-fA-F:.]+\])(:[0-9]{1,5})? *"


def _clickhouse(given: Mapping[str, str]) -> Iterator[str]:
    """Problems of the hosts of ClickHouse, of which there may be several, and of their cluster's name."""
    hosts = re.split("[/?#]", given["TRACKER_CLICKHOUSE_URL"].partition("://")[2])[0].rpartition("@")[2]
    cluster = given["TRACKER_CLICKHOUSE_CLUSTER"]
    if hosts and not all(re.fullmatch(_CLICKHOUSE_HOST, one) for one in hosts.split(",")):
        yield "TRACKER_CLICKHOUSE_URL: write its hosts such as one:9000,two:9000"
    if cluster and not re.fullmatch(r"[\w.-]{1,64}", cluster, re.ASCII):
        yield f"TRACKER_CLICKHOUSE_CLUSTER={cluster}: write a name as in remote_servers, of letters, digits, _, - and ."
    if cluster and not given["TRACKER_CLICKHOUSE_URL"]:
        yield "TRACKER_CLICKHOUSE_CLUSTER: write the cluster's hosts into TRACKER_CLICKHOUSE_URL"


_OURS = ("/tag", "/checks/", "/go/", "/pb/", "/reports/", "/my/", "/partners/")


def _baits(given: Mapping[str, str]) -> Iterator[str]:
    """Problems of the baits' paths: the ending keeps them apart from every route of a page."""
    for name, ending in (("TRACKER_BAIT_SCRIPT", ".js"), ("TRACKER_BAIT_FETCH", ".json")):
        plain = re.fullmatch(r"(?:/[A-Za-z0-9_-][A-Za-z0-9._-]*){1,4}", given[name])
        if not plain or len(given[name]) > 100 or not given[name].endswith(ending):
            yield f"{name}={given[name]}: write a plain path that ends in {ending}, such as {KNOWN[name][0]}"
        elif given[name].startswith(_OURS):
            yield f"{name}={given[name]}: that address is taken; write another one, such as {KNOWN[name][0]}"


def _versions(text: str) -> tuple[range, ...] | None:
    """`83-120,122` -> those versions; None: that is no list of versions."""
    if text == "none":
        return ()
    if not re.fullmatch("[0-9]{1,4}(?:-[0-9]{1,4})?(?:,[0-9]{1,4}(?:-[0-9]{1,4})?)*", text):
        return None
    ends = [part.partition("-") for part in text.split(",")]
    versions = tuple(range(int(first), int(last or first) + 1) for first, _, last in ends)
    return versions if all(versions) else None


def read_settings(environment: Mapping[str, str] = os.environ, **options: object) -> Settings:
    """Options of the command line win over the environment, which wins over the defaults.

    Raises ConfigurationError with every problem.
    """
    given = {name: environment.get(name, "") or default for name, (default, _) in KNOWN.items()}
    given |= {f"TRACKER_{name.upper()}": str(value) for name, value in options.items() if value is not None}
    problems = [
        f"{name} is not a setting; known are {', '.join(KNOWN)}"
        for name in sorted(environment)
        if name.startswith("TRACKER_") and name not in KNOWN
    ]

    def number(name: str, low: int, high: int) -> int:
        text = given[name]
        if re.fullmatch("[0-9]{1,9}", text) and low <= int(text) <= high:
            return int(text)
        problems.append(f"{name}={text}: give a whole number from {low} to {high}")
        return low

    host, port = given["TRACKER_HOST"], number("TRACKER_PORT", 0, 65535)
    public_url = given["TRACKER_PUBLIC_URL"] or f"http://{f'[{host}]' if ':' in host else host}:{port}"
    if not re.fullmatch(r"https?://[^\s/?#@][^\s?#@]*", public_url):
        problems.append(f"TRACKER_PUBLIC_URL={public_url}: write a whole address, such as https://go.example.org")
    problems += _addresses(given)
    problems += _baits(given)
    private_timing = _versions(given["TRACKER_PRIVATE_TIMING"])
    if private_timing is None:
        problems.append(
            f"TRACKER_PRIVATE_TIMING={given['TRACKER_PRIVATE_TIMING']}: write versions such as 83-155,157 or none"
        )
    if given["TRACKER_DEMO"] not in ("", "0", "1"):
        problems.append(f"TRACKER_DEMO={given['TRACKER_DEMO']}: write 1, or leave it out")
    keep_click_months = number("TRACKER_KEEP_CLICK_MONTHS", 0, 1_200)
    if 0 < keep_click_months < _FEWEST_CLICK_MONTHS:
        problems.append(
            f"TRACKER_KEEP_CLICK_MONTHS={keep_click_months}: give {_FEWEST_CLICK_MONTHS} or more, or 0 for ever; "
            "orders are confirmed up to 90 days after their click"
        )
    settings = Settings(
        data=Path(given["TRACKER_DATA"]).absolute(),
        partners=Path(given["TRACKER_PARTNERS"]).absolute(),
        host=host,
        port=port,
        workers=number("TRACKER_WORKERS", 1, 64),
        public_url=public_url.rstrip("/"),
        warehouse_port=number("TRACKER_WAREHOUSE_PORT", 0, 65535),
        demo=given["TRACKER_DEMO"] == "1",
        demo_port=number("TRACKER_DEMO_PORT", 0, 65535),
        leave_seconds=number("TRACKER_LEAVE_SECONDS", 0, 25),
        hot_days=number("TRACKER_HOT_DAYS", 1, 90),
        trusted_proxies=_networks(given["TRACKER_TRUSTED_PROXIES"]),
        keep_click_months=keep_click_months,
        keep_address_days=number("TRACKER_KEEP_ADDRESS_DAYS", 0, 36_500),
        valkey_url=given["TRACKER_VALKEY_URL"] or None,
        valkey_replicas=number("TRACKER_VALKEY_REPLICAS", 0, 5),
        postgres_url=given["TRACKER_POSTGRES_URL"] or None,
        clickhouse_url=given["TRACKER_CLICKHOUSE_URL"] or None,
        clickhouse_cluster=given["TRACKER_CLICKHOUSE_CLUSTER"],
        bait_script=given["TRACKER_BAIT_SCRIPT"],
        bait_fetch=given["TRACKER_BAIT_FETCH"],
        private_timing=private_timing or (),
        limit_clicks=number("TRACKER_LIMIT_CLICKS", 0, 10_000_000),
        limit_tags=number("TRACKER_LIMIT_TAGS", 0, 10_000_000),
        limit_pages=number("TRACKER_LIMIT_PAGES", 0, 10_000_000),
        limit_refused=number("TRACKER_LIMIT_REFUSED", 0, 10_000_000),
        limit_postbacks=number("TRACKER_LIMIT_POSTBACKS", 0, 10_000_000),
        limit_at_once=number("TRACKER_LIMIT_AT_ONCE", 1, 1_000),
        limit_connections=number("TRACKER_LIMIT_CONNECTIONS", 10, 1_000_000),
        limit_of_one_address=number("TRACKER_LIMIT_OF_ONE_ADDRESS", 1, 1_000_000),
        limit_exempt=_networks(given["TRACKER_LIMIT_EXEMPT"]),
    )
    if problems:
        raise ConfigurationError(problems)
    return settings
