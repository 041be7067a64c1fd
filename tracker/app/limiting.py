"""What one address, or one partner, may ask of a web worker, as the settings say it."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import web
from aiohttp.typedefs import Middleware

from tracker.settings import Settings
from tracker.telemetry import Telemetry
from tracker.web.connections import Connections, room_for
from tracker.web.gate import Gates, Width
from tracker.web.limits import Exempt, Kind, Limits
from tracker.web.strangers import Strangers


@dataclass(frozen=True, slots=True)
class Limiting:
    exempt: Exempt
    clicks: Kind
    tags: Kind
    postbacks: Kind
    routes: Limits
    gates: Gates
    strangers: Strangers

    @classmethod
    def by(cls, settings: Settings) -> "Limiting":
        exempt = Exempt(settings.limit_exempt)
        refused = Kind.of("refused", settings.limit_refused)
        return cls(
            exempt=exempt,
            clicks=Kind.of("clicks", settings.limit_clicks),
            tags=Kind.of("tags", settings.limit_tags),
            postbacks=Kind.of("postbacks", settings.limit_postbacks),
            routes=Limits(Kind.of("pages", settings.limit_pages)),
            gates=_gates(settings),
            strangers=Strangers(_gates(settings), refused, exempt, clock=time.monotonic),
        )

    def middleware(self, address: Callable[[web.Request], str], telemetry: Telemetry) -> Middleware:
        return self.routes.middleware(self.exempt, address, telemetry, time.monotonic)

    def is_over(self, partner_id: str, address: str) -> bool:
        """Whether one more message of that partner's is one too many in a minute."""
        return bool(self.exempt.limited(address) and self.postbacks.buckets.take(partner_id, time.monotonic()))


def _gates(settings: Settings) -> Gates:
    return Gates(Width(settings.limit_at_once), clock=time.monotonic, worked=time.thread_time)


def connections(settings: Settings, telemetry: Telemetry) -> Connections:
    """Proxies of ours bring many people's connections: theirs are limited in all alone."""
    return Connections(
        telemetry,
        most=room_for(settings.limit_connections),
        most_of_one=settings.limit_of_one_address,
        exempt=Exempt((*settings.limit_exempt, *settings.trusted_proxies)),
    )
