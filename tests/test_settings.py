"""Settings: options win over the environment, the environment over the defaults; every problem at once."""

import dataclasses
from pathlib import Path

import pytest

from tracker.errors import ConfigurationError
from tracker.settings import KNOWN, Settings, read_settings


def problems(environment: dict[str, str], **options: object) -> list[str]:
    with pytest.raises(ConfigurationError) as raised:
        read_settings(environment, **options)
    return raised.value.problems


def test_without_anything_everything_is_embedded_and_local() -> None:
    assert read_settings({}) == Settings(
        data=Path.cwd() / "data",
        partners=Path.cwd() / "partners.yaml",
        host="127.0.0.1",
        port=8080,
        workers=1,
        public_url="http://127.0.0.1:8080",
        warehouse_port=8123,
        demo=False,
        demo_port=8081,
        leave_seconds=0,
        hot_days=3,
        keep_click_months=0,
        keep_address_days=120,
        trusted_proxies=(),
        valkey_url=None,
        valkey_replicas=0,
        postgres_url=None,
        clickhouse_url=None,
        clickhouse_cluster="",
        bait_script="/ads-front.min.js",
        bait_fetch="/x_468x60_y.json",
        private_timing=(range(83, 157),),
        limit_clicks=1200,
        limit_tags=3000,
        limit_pages=6000,
        limit_refused=1200,
        limit_postbacks=60_000,
        limit_at_once=64,
        limit_connections=10_000,
        limit_of_one_address=1_000,
        limit_exempt=("127.0.0.0/8", "::1"),
    )


def test_every_known_setting_is_a_field_and_every_field_a_setting() -> None:
    fields = {f"TRACKER_{field.name.upper()}" for field in dataclasses.fields(Settings)}
    assert fields == KNOWN.keys()


def test_the_environment_says_all_of_it() -> None:
    settings = read_settings(
        {
            "TRACKER_DATA": "/var/lib/tracker",
            "TRACKER_PARTNERS": "/etc/tracker/partners.yaml",
            "TRACKER_HOST": "192.0.2.1",
            "TRACKER_PORT": "80",
            "TRACKER_WORKERS": "8",
            "TRACKER_PUBLIC_URL": "https://go.example.org/",
            "TRACKER_WAREHOUSE_PORT": "0",
            "TRACKER_DEMO": "1",
            "TRACKER_DEMO_PORT": "9081",
            "TRACKER_HOT_DAYS": "90",
            "TRACKER_TRUSTED_PROXIES": " 192.0.2.1/8, ::1 ,,",
            "TRACKER_VALKEY_URL": "redis://valkey:6379/0",
            "TRACKER_VALKEY_REPLICAS": "1",
            "TRACKER_KEEP_CLICK_MONTHS": "13",
            "TRACKER_KEEP_ADDRESS_DAYS": "30",
            "TRACKER_POSTGRES_URL": "postgresql://tracker@postgres/tracker",
            "TRACKER_CLICKHOUSE_URL": "clickhouse://clickhouse:9000/",
            "TRACKER_CLICKHOUSE_CLUSTER": "clicks",
            "TRACKER_BAIT_SCRIPT": "/static/prebid-load.js",
            "TRACKER_BAIT_FETCH": "/728x90_z.json",
            "TRACKER_PRIVATE_TIMING": "83-155,157",
            "TRACKER_LIMIT_CLICKS": "1",
            "TRACKER_LIMIT_TAGS": "2",
            "TRACKER_LIMIT_PAGES": "0",
            "TRACKER_LIMIT_REFUSED": "0",
            "TRACKER_LIMIT_POSTBACKS": "4",
            "TRACKER_LIMIT_AT_ONCE": "5",
            "TRACKER_LIMIT_CONNECTIONS": "60",
            "TRACKER_LIMIT_OF_ONE_ADDRESS": "7",
            "TRACKER_LIMIT_EXEMPT": "none",
            "LAMODA_POSTBACK_SECRET": "not a setting of ours",
            "PATH": "/usr/bin",
        }
    )
    assert settings == Settings(
        data=Path("/var/lib/tracker"),
        partners=Path("/etc/tracker/partners.yaml"),
        host="192.0.2.1",
        port=80,
        workers=8,
        public_url="https://go.example.org",
        warehouse_port=0,
        demo=True,
        demo_port=9081,
        leave_seconds=0,
        hot_days=90,
        keep_click_months=13,
        keep_address_days=30,
        trusted_proxies=("192.0.2.1/8", "::1"),
        valkey_url="redis://valkey:6379/0",
        valkey_replicas=1,
        postgres_url="postgresql://tracker@postgres/tracker",
        clickhouse_url="clickhouse://clickhouse:9000/",
        clickhouse_cluster="clicks",
        bait_script="/static/prebid-load.js",
        bait_fetch="/728x90_z.json",
        private_timing=(range(83, 156), range(157, 158)),
        limit_clicks=1,
        limit_tags=2,
        limit_pages=0,
        limit_refused=0,
        limit_postbacks=4,
        limit_at_once=5,
        limit_connections=60,
        limit_of_one_address=7,
        limit_exempt=(),
    )


def test_options_win_over_the_environment_and_missing_ones_do_not() -> None:
    settings = read_settings({"TRACKER_PORT": "80", "TRACKER_WORKERS": "8"}, port=9000, workers=None, data=Path("/x"))
    assert (settings.port, settings.workers, settings.data) == (9000, 8, Path("/x"))


def test_an_empty_variable_is_none() -> None:
    assert read_settings(dict.fromkeys(KNOWN, "")) == read_settings({})


def test_the_public_address_follows_host_and_port() -> None:
    assert read_settings({}, host="tracker.local", port=8081).public_url == "http://tracker.local:8081"
    assert read_settings({}, host="::1").public_url == "http://[::1]:8080"
    assert read_settings({"TRACKER_PUBLIC_URL": "https://example.org/go/"}).public_url == "https://example.org/go"


def test_every_problem_is_told_at_once_with_its_fix() -> None:
    assert problems(
        {
            "TRACKER_DATABASE": "x",
            "TRACKER_PROT": "80",
            "TRACKER_PORT": "eighty",
            "TRACKER_WORKERS": "0",
            "TRACKER_HOT_DAYS": "91",
            "TRACKER_PUBLIC_URL": "go.example.org",
        },
        warehouse_port=65_536,
    ) == [
        f"TRACKER_DATABASE is not a setting; known are {', '.join(KNOWN)}",
        f"TRACKER_PROT is not a setting; known are {', '.join(KNOWN)}",
        "TRACKER_PORT=eighty: give a whole number from 0 to 65535",
        "TRACKER_PUBLIC_URL=go.example.org: write a whole address, such as https://go.example.org",
        "TRACKER_WORKERS=0: give a whole number from 1 to 64",
        "TRACKER_WAREHOUSE_PORT=65536: give a whole number from 0 to 65535",
        "TRACKER_HOT_DAYS=91: give a whole number from 1 to 90",
    ]


@pytest.mark.parametrize("text", ["-1", "+1", "1.0", "1e3", "0x50", "1_0", " 1", "1\n", "٣", "１", "²", "9" * 5_000])
def test_a_number_is_written_in_digits(text: str) -> None:
    assert problems({"TRACKER_WORKERS": text}) == [f"TRACKER_WORKERS={text}: give a whole number from 1 to 64"]


@pytest.mark.parametrize(
    "text",
    [
        "example.org", "//example.org", "ftp://example.org", "HTTPS://example.org", "https://", "https:///x",
        "https://user@example.org", "https://example.org/?a=b", "https://example.org/#a", "https://example .org",
    ],
)  # fmt: skip
def test_a_public_address_is_whole(text: str) -> None:
    assert problems({"TRACKER_PUBLIC_URL": text}) == [
        f"TRACKER_PUBLIC_URL={text}: write a whole address, such as https://go.example.org"
    ]


def test_clickhouse_may_have_many_hosts_and_a_cluster() -> None:
    url = "clickhouse://tracker:p%40ss@one:9000,two,[::1]:9440/?insert_quorum=3"
    settings = read_settings({"TRACKER_CLICKHOUSE_URL": url, "TRACKER_CLICKHOUSE_CLUSTER": "clicks-1"})
    assert (settings.clickhouse_url, settings.clickhouse_cluster) == (url, "clicks-1")


@pytest.mark.parametrize("hosts", ["one:nine", "one:9000,", "one:9000;two:9000", "one two", "[::1:9000"])
def test_hosts_of_clickhouse_are_written_with_commas(hosts: str) -> None:
    url = f"clickhouse://tracker:secret@{hosts}/"
    assert problems({"TRACKER_CLICKHOUSE_URL": url}) == [
        "TRACKER_CLICKHOUSE_URL: write its hosts such as one:9000,two:9000"
    ]


def test_a_cluster_has_a_plain_name_and_hosts() -> None:
    assert problems({"TRACKER_CLICKHOUSE_CLUSTER": "it's"}) == [
        "TRACKER_CLICKHOUSE_CLUSTER=it's: write a name as in remote_servers, of letters, digits, _, - and .",
        "TRACKER_CLICKHOUSE_CLUSTER: write the cluster's hosts into TRACKER_CLICKHOUSE_URL",
    ]


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        read_settings({}).port = 80  # type: ignore[misc]


def test_servers_proxies_and_switches_are_checked_with_the_rest_and_no_password_is_repeated() -> None:
    found = problems(
        {
            "TRACKER_VALKEY_URL": "zzz",
            "TRACKER_POSTGRES_URL": "mysql://me:hunter2@host/x",
            "TRACKER_CLICKHOUSE_URL": "http://x:8123",
            "TRACKER_TRUSTED_PROXIES": "10.0.0.0/8, foo",
            "TRACKER_DEMO": "maybe",
        }
    )
    assert len(found) == 5
    assert "hunter2" not in "".join(found)


@pytest.mark.parametrize(
    "url",
    [
        "redis://host", "redis://host:6379/0", "rediss://:p%40ss@host:6379/0?ssl_ca_certs=/etc/ca.pem", "valkey://[::1]:6379",
        "valkeys://user:secret@host", "unix:///run/valkey.sock?db=1", "valkey+cluster://a:7000", "redis+cluster://a,b:7001,[::1]:7002",
        "rediss+cluster://user:secret@a:7000,b:7000/?ssl_ca_certs=/etc/ca.pem", "valkeys+cluster://a/",
    ],
)  # fmt: skip
def test_valkey_is_a_server_a_socket_or_a_cluster(url: str) -> None:
    assert read_settings({"TRACKER_VALKEY_URL": url}).valkey_url == url


@pytest.mark.parametrize(
    "url",
    [
        "redis://", "redis://host:port", "redis://host:123456", "redis://host/first", "redis://a,b", "unix://run/valkey.sock",
        "valkey+cluster://", "valkey+cluster://a,", "valkey+cluster://a:7000/1", "valkey+cluster://a:x,b:1",
        "unix+cluster:///x", "http+cluster://a", "redis://host name", "redis://host:6379\n",
    ],
)  # fmt: skip
def test_an_address_of_valkey_that_nothing_can_be_reached_by_is_told_with_examples(url: str) -> None:
    [problem] = problems({"TRACKER_VALKEY_URL": url})
    assert problem.endswith("write one such as redis://host:6379/0 or valkey+cluster://host:6379,host:6379")


@pytest.mark.parametrize(
    "path",
    [
        "ads.js", "/", "/ads", "/ads.json", "/a b.js", "/a/../b.js", "/.js", "//ads.js", "/ads.js?x=1", "/{a}.js",
        "/é.js", "/ads.js\n", "https://ads.example/ads.js", "/" + "a" * 100 + ".js", "/a/b/c/d/e.js",
    ],
)  # fmt: skip
def test_a_bait_is_a_plain_path_of_a_script(path: str) -> None:
    assert problems({"TRACKER_BAIT_SCRIPT": path}) == [
        f"TRACKER_BAIT_SCRIPT={path}: write a plain path that ends in .js, such as /ads-front.min.js"
    ]


def test_the_other_bait_is_a_plain_path_of_data() -> None:
    assert problems({"TRACKER_BAIT_FETCH": "/ads.js"}) == [
        "TRACKER_BAIT_FETCH=/ads.js: write a plain path that ends in .json, such as /x_468x60_y.json"
    ]
    assert problems({"TRACKER_BAIT_SCRIPT": "/tag.js", "TRACKER_BAIT_FETCH": "/checks/control.json"}) == [
        "TRACKER_BAIT_SCRIPT=/tag.js: that address is taken; write another one, such as /ads-front.min.js",
        "TRACKER_BAIT_FETCH=/checks/control.json: that address is taken; write another one, such as /x_468x60_y.json",
    ]


@pytest.mark.parametrize("text", ["all", "83-", "-156", "156-83", "83,", "83 - 156", "83-156\n", "12345", "None"])
def test_versions_are_ranges_and_single_ones(text: str) -> None:
    said = f"TRACKER_PRIVATE_TIMING={text}: write versions such as 83-155,157 or none"
    assert problems({"TRACKER_PRIVATE_TIMING": text}) == [said]


def test_no_version_may_be_guessed() -> None:
    assert read_settings({"TRACKER_PRIVATE_TIMING": "none"}).private_timing == ()
