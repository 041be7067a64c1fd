"""Where the programme is notified, and what signs it: `programme.notify` of partners.yaml."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from pydantic import ValidationError

from tracker.core.partner import Notify
from tracker.core.standard_webhooks import key_of
from tracker.errors import ConfigurationError
from tracker.partners_schema import FileEntry, NotifyEntry
from tracker.partners_values import SecretFromEnvironment
from tracker.partners_yaml import Document, read_yaml


def notify_secret_names(path: Path) -> set[str]:
    """The environment variables that hold what signs notifications; none of a file that cannot be read."""
    try:
        notify = FileEntry.model_validate(read_yaml(path).data).programme.notify
    except (ConfigurationError, ValidationError):
        return set()
    return {one.env for one in notify.secret if isinstance(one, SecretFromEnvironment)} if notify else set()


def notify_of(entry: NotifyEntry | None, known: Mapping[str, str]) -> Notify | None:
    """`known`: the values of environment variables."""
    if entry is None:
        return None
    values = (one if isinstance(one, str) else known.get(one.env) for one in entry.secret)
    return Notify(entry.url, tuple(value for value in values if value))


def notify_problems(
    document: Document, entry: NotifyEntry | None, known: Mapping[str, str], *, require_secrets: bool
) -> Iterator[str]:
    """What is wrong with the values that the file only names; the values themselves are not repeated."""
    where = f"{document.path.name}:{document.line(('programme', 'notify', 'secret'))}: programme.notify"
    for one in entry.secret if entry else ():
        if isinstance(one, str):
            continue
        value = known.get(one.env)
        if not value and require_secrets:
            yield f"{where}: {one.env} is not set in the environment; set it, or start `tracker serve` once"
        if value and key_of(value) is None:
            yield f"{where}: {one.env} is not whsec_ and 24 to 64 bytes in base64; mend it, or let serve make it"
