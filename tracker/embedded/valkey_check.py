"""A Valkey that may forget, or refuse to keep, a click is not one to start with: embedded or a server of yours."""

from redis.asyncio import Redis

MUST_BE = {
    "appendonly": ("yes", "a click that was answered would be lost at a restart"),
    "appendfsync": ("always", "the last clicks would be lost when the machine stops"),
    "maxmemory-policy": ("noeviction", "clicks would be thrown away when memory is short"),
}
LISTPACK_VALUE_BYTES = 96  # a click's record; above it each bucket takes twice the memory


async def check_valkey(client: Redis) -> list[str]:
    """What is wrong with its settings, in words, each with its fix; empty when all is well."""
    listpack = "hash-max-listpack-value"
    answer = await client.config_get(*MUST_BE, listpack)
    found = {_text(key): _text(value) for key, value in answer.items()}
    problems = [
        f"Valkey has {name} {found.get(name, 'unset')}, and {consequence}: set {name} {wanted}"
        for name, (wanted, consequence) in MUST_BE.items()
        if found.get(name) != wanted
    ]
    if int(found.get(listpack) or 0) < LISTPACK_VALUE_BYTES:
        problems.append(
            f"Valkey has {listpack} {found.get(listpack, 'unset')}, and clicks would take twice the memory: "
            f"set {listpack} {LISTPACK_VALUE_BYTES} or more"
        )
    return problems


def _text(value: bytes | str | None) -> str:
    return value.decode() if isinstance(value, bytes) else value or ""
