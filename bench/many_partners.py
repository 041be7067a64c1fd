"""A partners.yaml of as many shops as wanted, all of one kind: what is measured is their number."""

from pathlib import Path

PROGRAMME = """\
programme:
  name: Bench
  timezone: Europe/Moscow
  checks: {ad_blocker: refuse, cookies: refuse, private_mode: refuse, second_tab: refuse}

partners:
"""
PARTNER = """\
  - id: {id}
    name: {id}
    category: online-shops
    link: "https://{id}.example/?sub={{click_id}}&to={{url}}"
    home: https://{id}.example/
    hosts: [{id}.example]
    terms:
      - {{from: 2026-01-01, rate: {rate}%}}
    postback: {{dialect: generic, secret: {{env: {env}}}}}
"""
PERCENT = 5  # that each of them gives back


def partner_ids(number: int) -> list[str]:
    return [f"shop-{place}" for place in range(number)]


def write_partners(to: Path, number: int) -> None:
    """Their postback secrets are made when the tracker starts."""
    shops = [
        PARTNER.format(id=one, rate=PERCENT, env=f"{one.upper().replace('-', '_')}_POSTBACK_SECRET")
        for one in partner_ids(number)
    ]
    to.write_text(PROGRAMME + "".join(shops), "utf-8")
