"""`postback:` of a partner in partners.yaml: how its messages are read, proved and answered."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from ipaddress import ip_network
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from tracker.core.partner import AmountIs, Amounts, AmountUnit, PostbackProfile
from tracker.core.proof import (
    AddressProof,
    Algorithm,
    AllOf,
    AnyOf,
    Encoding,
    ParameterProof,
    Proof,
    SignatureProof,
    Source,
    WebhookProof,
    handles,
)
from tracker.core.standard_webhooks import PREFIX, key_of
from tracker.partners_values import Entry, Secret, TheirSecret, Word, Zone

_KINDS = (
    "parameter", "header", "signature", "signature_header", "addresses", "standard_webhooks", "any_of", "all_of",
)  # fmt: skip
# Partners of one dialect whose messages at its own paths bring nothing to find them by: each is tried for each message.
MOST_WITHOUT_CONSTANT = 20
_ONLY_OF = {
    "value": ("parameter",),
    "secret": ("parameter", "header", "signature", "signature_header", "standard_webhooks"),
    "over": ("signature", "signature_header"),
    "algorithm": ("signature", "signature_header"),
    "encoding": ("signature", "signature_header"),
    "separator": ("signature", "signature_header"),
}


def _network(value: Any) -> str:
    try:
        network = ip_network(str(value))
    except ValueError:
        raise ValueError(f"{value} is not a network; write one such as 203.0.113.0/24 or 203.0.113.7") from None
    if network.prefixlen == 0:
        raise ValueError(f"{value} is everybody; write the sender's own networks")
    return str(network)


def _over(value: Any) -> Any:
    listed = isinstance(value, list) and bool(value) and all(isinstance(one, str | int) for one in value)
    if not listed and value not in tuple(Source):
        raise ValueError(f"{value} cannot be signed; write query, body, or a list of parameters")
    return value


def _listed(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


Names = Annotated[list[Word], BeforeValidator(_listed), Field(min_length=1, max_length=10)]
Status = Literal[
    "pending", "approved", "declined", "pending+hold", "approved+hold", "approved+settled", "approved+hold+settled"
]


def _misspelt(secret: TheirSecret) -> bool:
    return isinstance(secret, str) and secret.startswith(PREFIX) and key_of(secret) is None


class AmountsEntry(Entry):
    unit: AmountUnit = AmountUnit.MAJOR
    decimal: Literal[".", ","] = "."
    is_: AmountIs = Field(default=AmountIs.ORDER_TOTAL, alias="is")
    include_delivery: bool = False
    delivery_lines: list[Word] = []


class AuthEntry(Entry):
    """One proof, or several together."""

    parameter: Word | None = None
    header: Word | None = None
    signature: Word | None = None
    signature_header: Word | None = None
    addresses: list[Annotated[str, BeforeValidator(_network)]] | None = Field(default=None, min_length=1)
    standard_webhooks: Literal[True] | None = None
    any_of: "list[AuthEntry] | None" = Field(default=None, min_length=1)
    all_of: "list[AuthEntry] | None" = Field(default=None, min_length=1)
    value: Word | None = None
    secret: Annotated[list[TheirSecret], BeforeValidator(_listed), Field(min_length=1, max_length=2)] | None = None
    over: Annotated[str | list[Word], BeforeValidator(_over)] = "body"
    algorithm: Algorithm = Algorithm.SHA256
    encoding: Encoding = Encoding.HEX
    separator: str = ""

    @model_validator(mode="after")
    def _one_kind(self) -> "AuthEntry":
        kinds = [kind for kind in _KINDS if getattr(self, kind) is not None]
        if len(kinds) != 1:
            raise ValueError(
                f"{' and '.join(kinds) or 'nothing'} in one proof; write exactly one of {', '.join(_KINDS)}"
            )
        for key, of in _ONLY_OF.items():
            if key in self.model_fields_set and kinds[0] not in of:
                raise ValueError(f"{key} does not belong to {kinds[0]}; remove it")
        if kinds[0] in _ONLY_OF["secret"] and (self.secret is None) == (self.value is None):
            raise ValueError(f"{kinds[0]} needs a secret" + (", or a public value" if kinds[0] == "parameter" else ""))
        if self.standard_webhooks and any(_misspelt(secret) for secret in self.secret or ()):
            raise ValueError(f"what follows {PREFIX} is not 24 to 64 bytes in base64; copy the secret anew")
        return self

    def leaves(self) -> "Iterator[AuthEntry]":
        for one in self.any_of or self.all_of or ():
            yield from one.leaves()
        if not (self.any_of or self.all_of):
            yield self

    def proof(self, known: Mapping[str, str]) -> Proof:
        """`known`: the values of environment variables."""
        if self.any_of:
            return AnyOf(tuple(one.proof(known) for one in self.any_of))
        if self.all_of:
            return AllOf(tuple(one.proof(known) for one in self.all_of))
        if self.addresses:
            return AddressProof(tuple(self.addresses))
        secrets = tuple(_texts(self.secret or (), known))
        if self.standard_webhooks:
            return WebhookProof(secrets)
        return self._signature(secrets) or self._constant(secrets)

    def _signature(self, secrets: tuple[str, ...]) -> SignatureProof | None:
        name = self.signature or self.signature_header
        if name is None:
            return None
        return SignatureProof(
            name=name,
            secrets=secrets,
            over=tuple(self.over) if isinstance(self.over, list) else Source(self.over),
            algorithm=self.algorithm,
            encoding=self.encoding,
            separator=self.separator,
            in_header=self.signature_header is not None,
        )

    def _constant(self, secrets: tuple[str, ...]) -> ParameterProof:
        name = self.parameter or self.header or ""
        if self.value is not None:
            return ParameterProof(name, (self.value,), public=True)
        return ParameterProof(name, secrets, in_header=self.header is not None)


class PostbackEntry(Entry):
    dialect: str
    secret: Annotated[list[Secret], BeforeValidator(_listed), Field(min_length=1, max_length=2)]
    amounts: AmountsEntry = AmountsEntry()
    map_: dict[str, Names] = Field(default={}, alias="map")
    defaults: dict[Literal["status", "currency", "origin", "tariff"], Word] = {}
    statuses: dict[Word, Status] = {}
    json_field: Word | None = None
    timezone: Zone | None = None
    reply: Literal["ok", "small_ok", "json", "tune", "admitad", "pixel"] | None = None
    auth: AuthEntry | None = None

    @property
    def secrets(self) -> "list[Secret]":
        return self.secret

    @property
    def auth_secrets(self) -> "list[TheirSecret]":
        return [secret for one in (self.auth.leaves() if self.auth else ()) for secret in one.secret or ()]

    def profile(self, known: Mapping[str, str]) -> PostbackProfile:
        """`known`: the values of environment variables."""
        amounts = self.amounts.model_dump() | {"delivery_lines": tuple(self.amounts.delivery_lines)}
        return PostbackProfile(
            dialect=self.dialect,
            secrets=tuple(_texts(self.secrets, known)),
            amounts=Amounts(**amounts),
            stated=frozenset(self.amounts.model_fields_set),
            mapping=tuple((field, tuple(names)) for field, names in self.map_.items()),
            defaults=tuple(self.defaults.items()),
            statuses=tuple(self.statuses.items()),
            json_field=self.json_field,
            timezone=self.timezone,
            reply=self.reply,
            auth=self.auth.proof(known) if self.auth else None,
        )


def too_many_without_constant(
    profiles: Sequence[PostbackEntry], own_paths: Collection[str], known: Mapping[str, str]
) -> Iterator[tuple[int, str]]:
    """Of each dialect in `own_paths` that has more than can be tried: the place of the first that is too many."""
    found: dict[str, list[int]] = {}
    for number, one in enumerate(profiles):
        if one.auth and one.dialect in own_paths and handles(one.auth.proof(known)) is None:
            found.setdefault(one.dialect, []).append(number)
    for dialect, numbers in found.items():
        if len(numbers) > MOST_WITHOUT_CONSTANT:
            sentence = (
                f"{len(numbers)} partners of {dialect} bring no constant to find them by at its own paths, and "
                f"{MOST_WITHOUT_CONSTANT} can be tried; add {{parameter: ..., value: ...}} beside their signature or "
                "addresses, under all_of"
            )
            yield numbers[MOST_WITHOUT_CONSTANT], sentence


def _texts(secrets: "list[Secret] | list[TheirSecret] | tuple[()]", known: Mapping[str, str]) -> Iterator[str]:
    for secret in secrets:
        text = secret if isinstance(secret, str) else known.get(secret.env)
        if text:
            yield text
