"""A partners.yaml of as many shops as wanted, all of one kind: what is measured is their number."""

from pathlib import Path

_PROGRAMME = """\
programme:
  name: Bench
  sign_in: https://programme.example/sign-in
  timezone: Europe/Moscow
  checks: {ad_blocker: refuse, cookies: refuse, private_mode: refuse, second_tab: refuse}
partners:
"""
_PARTNER = """\
  - id: {id}
    name: {id}
    category: online-shops
    link: "https://{id}.example/?sub={{click_id}}&to={{url}}"
    home: https://{id}.example/
    hosts: [{id}.example]
    terms: [{{from: 2019-01-01, rate: {rate}%}}]
    postback: {{dialect: generic, secret: {{env: {secret}}}}}
"""
PERCENT = 5  # that each of them gives back


def partner_ids(number: int) -> list[str]:
    return [f"shop-{place:02}" for place in range(number)]


def secret_name(partner_id: str) -> str:
    """Its postback secret is made when the tracker starts."""
    return f"{partner_id.upper().replace('-', '_')}_SECRET"


def write_partners(file: Path, number: int) -> None:
    shops = [_PARTNER.format(id=one, rate=PERCENT, secret=secret_name(one)) for one in partner_ids(number)]
    file.write_text(_PROGRAMME + "".join(shops), "utf-8")
