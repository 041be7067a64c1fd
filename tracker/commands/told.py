"""What `postback-url --network` prints of a partner: the notes of its page, for whoever passes them on."""

from collections.abc import Iterator, Sequence

from tracker.core.partner_address import Address, Asked, AskedKind, Asking, Purpose, StatusWords

_PURPOSES = {
    Purpose.ALL: "",
    Purpose.NEW: "  # new orders: no word for a status",
    Purpose.CHANGES: "  # what became of orders that were told before",
}


def told(addresses: Sequence[Address], words: StatusWords, asking: Asking) -> Iterator[str]:
    """One address a line, then notes behind `#`. Keys are in it, as in the addresses."""
    for address in addresses:
        yield address.url + _PURPOSES[address.purpose]
    for status, known in words.known:
        yield f"# {status}: {', '.join(known)}"
    for status in words.missing:
        yield f"# no word says {status}: name one in statuses: or defaults: of partners.yaml"
    if asking.each:
        yield f"# beside the secret of the address, {'one' if asking.any_of else 'each'} of:"
    for asked in asking.each:
        yield from _asked(asked)


def _asked(asked: Asked) -> Iterator[str]:
    place = f"{'header' if asked.in_header else 'parameter'} {asked.name}"
    match asked.kind:
        case AskedKind.PARAMETER:
            yield f"#   {place} = {asked.value}"
        case AskedKind.NETWORKS:
            yield f"#   sent from {asked.value}"
        case AskedKind.WEBHOOK:
            yield f"#   Standard Webhooks (webhook-id, webhook-timestamp, webhook-signature), key {asked.value}"
        case AskedKind.SIGNATURE:
            yield f"#   {place} = a signature with the key {asked.value}"
    if asked.signing is not None:
        one = asked.signing
        joined = f", joined by {one.separator!r}" if one.separator else ""
        yield f"#     HMAC-{one.algorithm.upper()} as {one.encoding} over {one.over}{joined}"
        yield f"#     example: {one.text} -> {one.made}"
