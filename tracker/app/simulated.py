"""What `tracker simulate` needs of a running tracker: where it answers, how links are signed, what its stores hold."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from tracker import keys
from tracker.app.desk import query
from tracker.app.installation import load, running, with_embedded
from tracker.redirect.tokens import make_link
from tracker.settings import Settings
from tracker.store.ledger.audit import Audit, audit


@dataclass(frozen=True, slots=True)
class SimulatedService:
    """Satisfies `tracker.simulate.traces.Service`."""

    settings: Settings
    url: str
    secrets: Mapping[str, str]
    sign: Callable[[str, str, float], str]

    async def ask(self, sql: str) -> list[dict[str, str]]:
        """As an analyst; every value is text."""
        lines = await query(self.settings, sql, "JSONStringsEachRow")
        return [json.loads(line) for line in lines.splitlines()]

    async def audit(self) -> Audit:
        return await audit(with_embedded(self.settings).postgres_url or "")


def simulated_service(settings: Settings) -> SimulatedService:
    """Raises ConfigurationError when there is no installation."""
    secrets = keys.load(settings.data)
    partners = load(settings, secrets).partners
    return SimulatedService(
        settings=settings,
        url=running(settings).public_url,
        secrets={partner.id: partner.postback.secrets[0] for partner in partners.values()},
        sign=partial(make_link, secrets.link),
    )
