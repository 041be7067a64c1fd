"""One attempt to deliver a message, signed as the Standard Webhooks specification says."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import aiohttp
from aiohttp import hdrs
from yarl import URL

from tracker.core.partner import Notify
from tracker.core.standard_webhooks import key_of, signature

ANSWER_SECONDS = 10.0
LONGEST_RETRY_AFTER = timedelta(hours=4)
_LONGEST_ANSWER = 1_000  # bytes, of what an operator is shown


@dataclass(frozen=True, slots=True)
class Answer:
    """`status` is None when none came; then `error` says why."""

    status: int | None
    error: str = ""
    text: str = ""
    retry_after: timedelta | None = None

    @property
    def is_taken(self) -> bool:
        return self.status is not None and 200 <= self.status < 300

    @property
    def is_gone(self) -> bool:
        """The receiver says that it wants no more of them."""
        return self.status == 410

    @property
    def problem(self) -> str:
        return self.error or f"answered {self.status}"


class Post:
    """Sends to the programme's address. Never follows a redirect: it would carry what we tell to somewhere else."""

    def __init__(self, client: aiohttp.ClientSession, notify: Notify) -> None:
        self._client = client
        self._url = URL(notify.url, encoded=True)
        self._keys = [key for secret in notify.secrets if (key := key_of(secret)) is not None]

    async def __call__(self, message_id: str, body: bytes, at: datetime) -> Answer:
        """Every failure is an answer too."""
        headers = signed_headers(self._keys, message_id, body, at)
        try:
            async with self._client.post(self._url, data=body, headers=headers, allow_redirects=False) as answer:
                text = await answer.content.read(_LONGEST_ANSWER)
                retry_after = _retry_after(answer.headers.get(hdrs.RETRY_AFTER, ""), at)
                return Answer(answer.status, text=text.decode("utf-8", "replace"), retry_after=retry_after)
        except TimeoutError:
            return Answer(None, f"no answer within {ANSWER_SECONDS:.0f} s")
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return Answer(None, f"no answer ({type(error).__name__})")  # its text may hold the address


def signed_headers(keys: Sequence[bytes], message_id: str, body: bytes, at: datetime) -> dict[str, str]:
    """With a signature by each key: while a secret is changed, the receiver may know either."""
    timestamp = int(at.timestamp())
    return {
        "content-type": "application/json",
        "user-agent": "cashback-tracker",
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(signature(key, message_id, timestamp, body) for key in keys),
    }


def open_client() -> aiohttp.ClientSession:
    """With no memory of cookies, and no patience beyond one answer."""
    return aiohttp.ClientSession(
        timeout=aiohttp.ClientTimeout(total=ANSWER_SECONDS), cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False
    )


def _retry_after(text: str, now: datetime) -> timedelta | None:
    """Seconds or a date, as HTTP allows; None: it does not say, or not in a way that can be read."""
    if text.isascii() and text.isdigit():
        return min(timedelta(seconds=int(text[:9])), LONGEST_RETRY_AFTER)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return min(max(moment - now, timedelta()), LONGEST_RETRY_AFTER)
