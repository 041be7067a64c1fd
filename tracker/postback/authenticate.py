"""Whether a message comes from whom it says: the secret in its address (two are active while rotating)."""

import hmac
from collections.abc import Mapping

from tracker.core.partner import Partner

_NOBODY = ("no partner has this secret",)


def find_partner(partners: Mapping[str, Partner], partner_id: str, secret: str) -> Partner | None:
    """The partner, if the secret is one of its own. Takes the same time whoever is asked for."""
    partner = partners.get(partner_id)
    secrets = partner.postback.secrets if partner else _NOBODY
    given = secret.encode("utf-8", "surrogatepass")
    matches = [hmac.compare_digest(known.encode(), given) for known in secrets or _NOBODY]
    return partner if partner and partner.postback.secrets and any(matches) else None
