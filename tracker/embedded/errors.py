"""What the bundled servers and their folders can fail with."""

from tracker.errors import TrackerError


class EmbeddedServerError(TrackerError):
    """A bundled server cannot be started here: the text says why and what to do."""


class DataFolderInUseError(TrackerError):
    """Another tracker works in this data folder."""
