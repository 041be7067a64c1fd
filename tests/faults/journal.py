"""The load generator's journal, read back: what was sent, and what was answered."""

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.faults.load import Sent
from tests.faults.orders import Message, messages_of


@dataclass
class Order:
    """One order's messages, by their place in its life."""

    number: int
    postback_url: str = ""
    sent: dict[int, Sent] = field(default_factory=dict)
    accepted: set[int] = field(default_factory=set)  # answered 2xx
    refused: set[int] = field(default_factory=set)  # answered 5xx, or not at all

    @property
    def accepted_messages(self) -> list[Message]:
        return [one for step, one in enumerate(messages_of(self.number)) if step in self.accepted]

    @property
    def open_messages(self) -> list[Message]:
        """Sent, and never answered 2xx: they may have been kept."""
        return [one for step, one in enumerate(messages_of(self.number)) if step in self.sent.keys() - self.accepted]


@dataclass
class Journal:
    clicks_sent: dict[int, int] = field(default_factory=lambda: defaultdict(int))  # requests, by number of the click
    click_ids: dict[int, str] = field(default_factory=dict)  # answered, by the number of the click
    double_ids: dict[int, str] = field(default_factory=dict)  # of second clicks at the same moment
    late: list[tuple[float, float]] = field(default_factory=list)  # when a redirect was due, seconds until its answer
    without_id: list[int] = field(default_factory=list)  # clicks that were answered, and without an id
    without_id_answers: set[str] = field(default_factory=set)  # status and seconds of those
    by_page: int = 0  # answered with an id to the checks page
    orders: dict[int, Order] = field(default_factory=dict)
    kept: dict[str, Sent] = field(default_factory=dict)  # received id of a message that was answered 2xx -> as sent
    surprises: list[dict[str, Any]] = field(default_factory=list)  # answers that no fault explains
    failed: int = 0  # requests that got no answer, or 503
    done: bool = False
    stopped: bool = False  # it was told to stop: the load lasted as long as the kills

    @classmethod
    def read(cls, path: Path) -> "Journal":
        journal = cls()
        for line in path.read_text().splitlines():
            journal.add(json.loads(line))
        return journal

    def add(self, entry: dict[str, Any]) -> None:
        answered = entry.get("answered")
        self.failed += "failed" in entry or answered == 503
        if answered not in (None, 200, 302, 503):
            self.surprises.append(entry)
        if "done" in entry:
            self.done, self.stopped = True, entry["stopped"]
        elif "click" in entry:
            self._add_click(entry)
        elif "order" in entry:
            self._add_message(entry, answered)

    def _add_click(self, entry: dict[str, Any]) -> None:
        number = entry["click"]
        if entry.keys() == {"click"}:
            self.clicks_sent[number] += 1
        if entry.get("click_id"):
            ids = self.double_ids if entry.get("again") else self.click_ids
            ids[number] = entry["click_id"]
            self.by_page += "by_page" in entry
            self.late += [] if "by_page" in entry else [(entry["due"], entry["late"])]
        elif "answered" in entry:
            self.without_id.append(number)
            self.without_id_answers.add(f"{entry['answered']} after {entry['seconds']} s")

    def _add_message(self, entry: dict[str, Any], answered: int | None) -> None:
        order = self.orders.setdefault(entry["order"], Order(entry["order"]))
        step = entry["step"]
        if "sent" in entry:
            order.sent[step] = Sent(**entry["sent"])
            order.postback_url = entry["to"]
        elif answered is not None and 200 <= answered < 300:
            order.accepted.add(step)
            self.kept[json.loads(entry["body"])["received_id"]] = order.sent[step]
        else:
            order.refused.add(step)

    @property
    def answered_ids(self) -> set[str]:
        return {*self.click_ids.values(), *self.double_ids.values()}

    @property
    def doubles(self) -> tuple[int, int]:
        """Double clicks of which both were answered, and how many of them have two ids."""
        both = self.double_ids.keys() & self.click_ids.keys()
        return len(both), sum(self.double_ids[number] != self.click_ids[number] for number in both)

    def ids_of(self, number: int) -> set[str]:
        """The ids with which this click was answered; two at most."""
        return {ids[number] for ids in (self.click_ids, self.double_ids) if number in ids}

    def without_answer(self) -> Iterator[tuple[Order, Sent]]:
        """Every message that was once answered 5xx, or not at all."""
        for order in self.orders.values():
            for step in sorted(order.refused):
                yield order, order.sent[step]

    def quantile(self, share: float) -> float:
        """Seconds from when a redirect was due."""
        return quantile([late for _, late in self.late], share)


def quantile(values: Sequence[float], share: float) -> float:
    return sorted(values)[int(share * (len(values) - 1))] if values else 0.0
