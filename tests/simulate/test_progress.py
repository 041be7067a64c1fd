"""An operator at a terminal sees how far it is; a log is not filled with it."""

from io import StringIO

from tracker.simulate.progress import Progress


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_shows_a_bar_that_ends_full() -> None:
    screen = Terminal()
    with Progress("clicks", 1200, screen) as done:
        done(1200)

    assert "█" * 30 in screen.getvalue()
    assert "1,200 of 1,200" in screen.getvalue()
    assert screen.getvalue().endswith("\n")


def test_nothing_is_written_elsewhere() -> None:
    log = StringIO()
    with Progress("clicks", 2, log) as done:
        done(2)

    assert log.getvalue() == ""
