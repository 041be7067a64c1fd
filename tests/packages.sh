#!/usr/bin/env bash
# What the tests need of Debian: two real browsers, a real ad blocker in one of them, servers as operators install them
# (an old ClickHouse for the native protocol and replication, ZooKeeper, Redis, PostgreSQL, nginx, Prometheus, systemd's
# checker of unit files), and what breaks a process at an exact moment. Where they cannot be installed their tests are
# skipped; in CI a skipped test is a failure.
set -uo pipefail

missing=()
need() { # package, and a file that it brings
  [ -e "$2" ] || missing+=("$1")
}
need chromium /usr/bin/chromium
need firefox-esr /usr/bin/firefox-esr
need webext-ublock-origin-firefox "/usr/share/mozilla/extensions/{ec8030f7-c20a-464f-9b0e-13a3a9e97384}/uBlock0@raymondhill.net"
need clickhouse-server /usr/sbin/clickhouse-server
need zookeeper /usr/share/java/zookeeper.jar
need default-jre-headless /usr/bin/java
need redis-server /usr/bin/redis-server
need postgresql /usr/share/postgresql-common/pg_wrapper
need nginx-light /usr/sbin/nginx
need prometheus /usr/bin/promtool
need strace /usr/bin/strace
need faketime /usr/bin/faketime
need iproute2 /usr/sbin/ip
need openssl /usr/bin/openssl
need systemd /usr/bin/systemd-analyze
if [ "${1:-}" = bench ]; then need wrk /usr/bin/wrk; fi
[ ${#missing[@]} -eq 0 ] && exit 0

as_root=()
[ "$(id -u)" -eq 0 ] || as_root=(sudo -n)
echo "Installing for the tests: ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
if command -v apt-get >/dev/null && "${as_root[@]}" apt-get update -qq \
  && "${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" fonts-noto-core >/dev/null; then
  exit 0
fi
echo "Could not install ${missing[*]} with apt-get: their tests will be skipped." >&2
