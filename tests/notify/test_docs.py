"""docs/notifications.md: the example that receivers copy works, on the vector that stands beside it."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.core.test_standard_webhooks import BODY, ID, SECRET, SIGNATURE, TIMESTAMP

TEXT = (Path(__file__).resolve().parent.parent.parent / "docs/notifications.md").read_text()
HEADERS = {"webhook-id": ID, "webhook-timestamp": str(TIMESTAMP), "webhook-signature": SIGNATURE}

Read = Callable[..., tuple[str, dict[str, Any]]]


@pytest.fixture
def read() -> Read:
    [code] = re.findall(r"```python\n(.+?)```", TEXT, re.DOTALL)
    names: dict[str, Any] = {}
    exec(code, names)  # noqa: S102 - our own document is what is tested
    found: Read = names["read_notification"]
    return found


def test_the_vector_is_the_one_that_is_tested() -> None:
    for line in (BODY, SECRET, *(f"{name}: {value}" for name, value in HEADERS.items())):
        assert line in TEXT


@pytest.mark.parametrize("signature", [SIGNATURE, f"v1,b3RoZXI= {SIGNATURE}"])
def test_the_example_reads_what_is_signed(read: Read, signature: str) -> None:
    headers = HEADERS | {"webhook-signature": signature}
    message_id, said = read(SECRET, headers, BODY.encode(), lambda: TIMESTAMP + 299)

    assert (message_id, said["type"], said["data"]["cashback"]) == (ID, "cashback.accrued", 50)


@pytest.mark.parametrize(
    ("headers", "body", "later"),
    [
        ({}, BODY.replace("50", "90"), 0),
        ({"webhook-id": ID[:-1] + "0"}, BODY, 0),
        ({"webhook-timestamp": str(TIMESTAMP + 1)}, BODY, 0),
        ({"webhook-signature": "v1,ключ"}, BODY, 0),
        ({}, BODY, 301),
        ({}, BODY, -301),
    ],
)
def test_the_example_refuses_everything_else(read: Read, headers: dict[str, str], body: str, later: int) -> None:
    with pytest.raises(ValueError, match=r"signed|old"):
        read(SECRET, HEADERS | headers, body.encode(), lambda: TIMESTAMP + later)
