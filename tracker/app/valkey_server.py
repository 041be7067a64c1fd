"""A Valkey of the operator's own, looked at before the tracker starts on it: a server, or every node of a cluster."""

import logging
from collections.abc import Mapping

from redis.asyncio import Redis
from redis.exceptions import RedisError

from tracker.embedded.valkey_check import check_valkey
from tracker.errors import ConfigurationError, StoreUnavailableError
from tracker.store.valkey_client import open_valkey
from tracker.store.valkey_cluster import ValkeyCluster

log = logging.getLogger(__name__)

_PATIENCE_SECONDS = 10.0  # nobody waits for a click yet


async def check_valkey_server(url: str, replicas: int) -> None:
    """Raises ConfigurationError with every setting by which a click could be lost, StoreUnavailableError when nothing
    answers. What only makes a failure felt more is told in the log; so is a node that is away: the others do without.
    """
    valkey = open_valkey(url, answer_seconds=_PATIENCE_SECONDS)
    try:
        nodes = await _nodes(valkey)
        answers = {name: await _ask(node, replicas) for name, node in nodes.items()}
    except (RedisError, OSError) as error:
        raise _away(error) from error
    finally:
        await valkey.aclose()
    away = [answer for answer in answers.values() if isinstance(answer, Exception)]
    if len(away) == len(answers):
        raise _away(away[0])
    problems: list[str] = []
    for name, answer in answers.items():
        at = f"{name}: " if name else ""
        if isinstance(answer, Exception):
            log.warning("%sValkey does not answer, and is not checked: %s", at, answer)
            continue
        wrong, worth_knowing = answer
        problems += [f"{at}{problem}" for problem in wrong]
        for one in worth_knowing:
            log.warning("%s%s", at, one)
    if problems:
        raise ConfigurationError(problems)


async def _nodes(valkey: Redis | ValkeyCluster) -> Mapping[str, Redis]:
    if isinstance(valkey, ValkeyCluster):
        return {str(node): client for node, client in sorted((await valkey.clients()).items())}
    return {"": valkey}


async def _ask(node: Redis, replicas: int) -> tuple[list[str], list[str]] | Exception:
    """What is wrong with it, and what is worth knowing."""
    try:
        return await check_valkey(node), await _worth_knowing(node, replicas)
    except (RedisError, OSError) as error:
        return error


async def _worth_knowing(node: Redis, replicas: int) -> list[str]:
    told: list[str] = []
    full = "cluster-require-full-coverage"
    if (await node.config_get(full)).get(full) == "yes" and (await node.info("cluster"))["cluster_enabled"]:
        told.append(f"Valkey has {full} yes: when one shard is away, clicks of all shards go to the journal; set it no")
    state = await node.info("replication")
    if state["role"] == "master" and state["connected_slaves"] < replicas:
        told.append(
            f"Valkey has {state['connected_slaves']} replicas, and TRACKER_VALKEY_REPLICAS is {replicas}: until there "
            "are as many, every click waits for them in vain"
        )
    return told


def _away(error: Exception) -> StoreUnavailableError:
    return StoreUnavailableError(f"Valkey at TRACKER_VALKEY_URL does not answer: {error}")
