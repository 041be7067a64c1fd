"""The load generator's journal, read back: what was sent, and what was answered."""

import json
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

DOUBLE_SECONDS = 2.0


@dataclass
class Journal:
    clicks_sent: int = 0
    click_ids: dict[int, str] = field(default_factory=dict)  # answered, by the number of the click
    double_ids: dict[int, str] = field(default_factory=dict)  # of second clicks at the same moment
    slow: set[int] = field(default_factory=set)  # answered so late that two clicks may not have been at one moment
    by_page: int = 0  # answered with an id to the checks page
    accepted: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))  # order -> statuses answered 2xx
    received_ids: set[str] = field(default_factory=set)  # of messages that were answered 2xx
    server_errors: list[dict[str, Any]] = field(default_factory=list)
    failed: int = 0  # requests that got no answer, or 503
    done: bool = False

    @classmethod
    def read(cls, path: Path) -> "Journal":
        journal = cls()
        for line in path.read_text().splitlines():
            journal.add(json.loads(line))
        return journal

    def add(self, entry: dict[str, Any]) -> None:
        answered = entry.get("answered", 0)
        self.failed += "failed" in entry or answered == 503
        self.done |= "done" in entry
        if entry.keys() == {"click"}:
            self.clicks_sent += 1
        if entry.get("click_id"):
            ids = self.double_ids if entry.get("again") else self.click_ids
            ids[entry["click"]] = entry["click_id"]
            self.by_page += "by_page" in entry
            if entry["seconds"] >= DOUBLE_SECONDS:
                self.slow.add(entry["click"])
        if "order" in entry and 200 <= answered < 300:
            self.accepted[f"order-{entry['order']}"].add(entry["status"])
            self.received_ids.add(json.loads(entry["body"])["received_id"])
        if answered == 500:
            self.server_errors.append(entry)
