"""Clicks on this machine's own disk while Valkey is away or full (design, 3.5 and 8)."""

from tracker.store.journal.clicks import JournaledClicks
from tracker.store.journal.folder import JournalFolder
from tracker.store.journal.journal import Journal

__all__ = ["Journal", "JournalFolder", "JournaledClicks"]
