"""The short way of a request that is asked for often, and answered by a redirect: past the application, its router and
its middlewares, past aiohttp's request and response and the task in which it answers. Together they cost more than what
is answered. What the middlewares do is done here, in order. Whatever is unusual about a request goes the long way:
through the application, where the same route answers it, and where each page, refusal and failure has its one shape."""

import re
from collections.abc import Callable, Sequence
from time import perf_counter
from typing import Protocol, TypeAlias

import msgspec
from aiohttp import HttpVersion11, web
from aiohttp.http_parser import RawRequestMessage
from multidict import CIMultiDictProxy

from tracker.telemetry import REQUEST_ID
from tracker.web.address import TrustedProxies
from tracker.web.limits import Exempt, Kind
from tracker.web.redirect import head_of
from tracker.web.watch import REQUEST_ID_HEADER, Watch

FRONT_DOOR: web.AppKey["FrontDoor"] = web.AppKey("front_door")  # that of an application, if it has one


class Visit(msgspec.Struct, frozen=True, gc=False):
    """A request, as far as it was read."""

    name: str  # the last part of its path
    query: str  # as it was sent
    headers: "CIMultiDictProxy[str]"
    address: str
    request_id: str


Done: TypeAlias = Callable[[str | None, Sequence[str]], None]


class Answers(Protocol):
    """Who answers at the door."""

    def may_begin(self, query: str, headers: "CIMultiDictProxy[str]") -> bool:
        """At a glance, before anything is read: no promise."""

    def begin(self, visit: Visit, done: Done) -> bool:
        """Whether it is answered here: then `done` is told later where to, and which cookies are set. None: it is not
        answered after all, and nothing came of it."""


class FrontDoor:
    """For `GET` of one path and a name behind it."""

    def __init__(
        self,
        path: str,
        answers: Answers,
        *,
        kind: str,
        watch: Watch,
        proxies: TrustedProxies,
        limit: Kind,
        exempt: Exempt,
        new_request_id: Callable[[], str],
        now: Callable[[], float],
    ) -> None:
        """`now` is in seconds, of a clock that does not go back."""
        self._route = f"{path}/{{name}}"
        self._path = re.compile(rf"{re.escape(path)}/([a-z0-9-]+)(?:\?([^#]*))?")
        self._answers = answers
        self._kind = kind
        self._watch = watch
        self._proxies = proxies
        self._limit = limit.buckets
        self._exempt = exempt
        self._new_request_id = new_request_id
        self._now = now

    def take(self, message: RawRequestMessage, peer: str, answer: Callable[[bytes | None], None]) -> bool:
        """Whether it is answered here: then `answer` is given the head of the answer, but for its end, later. It may be
        given None: then, as after False, the request goes the long way."""
        asked = self._path.fullmatch(message.path) if _is_usual(message) else None
        if asked is None:
            return False
        begun = perf_counter()
        query, headers = asked[2] or "", message.headers
        if not self._answers.may_begin(query, headers):
            return False
        address = self._proxies.sender(peer, headers)
        whom = self._exempt.limited(address)
        if whom and self._limit.take(whom, self._now()):
            return False  # refused the long way
        request_id = self._watch.given_id(peer, headers) or self._new_request_id()

        def done(location: str | None, cookies: Sequence[str]) -> None:
            try:
                head = head_of(location, cookies, {REQUEST_ID_HEADER: request_id}) if location is not None else None
            except ValueError:  # told the long way
                head = None
            if head is None:
                if whom:
                    self._limit.give_back(whom)  # the long way takes it again
                answer(None)
                return
            answer(head)
            name = REQUEST_ID.set(request_id)
            self._watch.answered("GET", self._route, self._kind, 302, perf_counter() - begun)
            REQUEST_ID.reset(name)

        try:
            is_taken = self._answers.begin(Visit(asked[1], query, headers, address, request_id), done)
        except Exception:  # noqa: BLE001 - whatever it is, it fails again the long way, and is told there
            is_taken = False
        if whom and not is_taken:
            self._limit.give_back(whom)
        return is_taken


def _is_usual(message: RawRequestMessage) -> bool:
    headers = message.headers
    return (
        message.method == "GET"
        and message.version == HttpVersion11
        and not message.should_close
        and not message.upgrade
        and "Content-Encoding" not in headers
        and "Expect" not in headers
        and "Transfer-Encoding" not in headers
    )
