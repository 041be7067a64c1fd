import pytest

from tracker.web.language import choose


@pytest.mark.parametrize(
    ("accept", "chosen", "language"),
    [
        ("ru-RU,ru;q=0.9,en;q=0.8", (), "ru"),
        ("en-GB,en", (), "en"),
        ("de,fr", (), "en"),
        ("", (), "ru"),
        ("uk,ru;q=0.5", (), "ru"),
        ("ru", ("en",), "en"),
        ("en", ("", "ru"), "ru"),
        ("en", ("xx", ""), "en"),
    ],
)
def test_a_choice_wins_over_the_browser(accept: str, chosen: tuple[str, ...], language: str) -> None:
    assert choose(accept, *chosen) == language
