#!/usr/bin/env bash
# What the tests need of Debian: two real browsers, a real ad blocker in one of them, and an old ClickHouse server for
# the native protocol. Where they cannot be installed their tests are skipped; in CI a skipped test is a failure.
set -uo pipefail

missing=()
command -v chromium >/dev/null || missing+=(chromium)
command -v firefox-esr >/dev/null || missing+=(firefox-esr)
[ -e "/usr/share/mozilla/extensions/{ec8030f7-c20a-464f-9b0e-13a3a9e97384}/uBlock0@raymondhill.net" ] || missing+=(webext-ublock-origin-firefox)
command -v clickhouse-server >/dev/null || missing+=(clickhouse-server)
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
