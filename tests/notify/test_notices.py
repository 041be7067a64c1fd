"""PostgreSQL itself notes what shoppers may spend, in the transaction that changes it, whoever writes."""

import uuid

import asyncpg
import pytest

from tests.notify.setting import Books

_NOTED = "SELECT order_id, shopper_id, before_kopecks, change_kopecks FROM notices ORDER BY id"


@pytest.fixture
def books(postgres_dsn: str) -> Books:
    return Books(postgres_dsn)


async def post(books: Books, order: str, revision: int, **accounts: int) -> None:
    """More entries of a revision that there is, in one statement, as the ledger writes them."""
    rows = [(uuid.uuid4(), order, revision, name.replace("__", ":"), sum_) for name, sum_ in accounts.items()]
    await books.rows(
        "INSERT INTO ledger_entries SELECT id, 'lab', o, r, account, sum, now()"
        " FROM unnest($1::uuid[], $2::text[], $3::int[], $4::text[], $5::bigint[]) AS n(id, o, r, account, sum)",
        *map(list, zip(*rows, strict=True)),
    )


async def noted(books: Books) -> list[tuple[object, ...]]:
    return [tuple(row) for row in await books.rows(_NOTED)]


async def test_each_change_is_noted_with_what_was_there_before(books: Books) -> None:
    for rubles in (53, -50, -3):
        await books.credit("A-1", rubles)
    await books.credit("B-1", 7)

    assert await noted(books) == [
        ("A-1", "shopper-1", 0, 5_300),
        ("A-1", "shopper-1", 5_300, -5_000),
        ("A-1", "shopper-1", 300, -300),
        ("B-1", "shopper-1", 0, 700),
    ]


async def test_what_is_pending_is_not_noted(books: Books) -> None:
    await books.credit("A-1", 50)
    await post(books, "A-1", 1, receivable__lab=-100, pending__shopper=100)

    assert len(await noted(books)) == 1


async def test_a_purchase_that_goes_to_another_shopper_is_noted_for_both(books: Books) -> None:
    await books.credit("A-1", 50)
    await post(books, "A-1", 1, available__other=5_000, **{"available__shopper-1": -5_000})

    assert (await noted(books))[1:] == [("A-1", "other", 0, 5_000), ("A-1", "shopper-1", 5_000, -5_000)]


async def test_what_is_not_committed_is_not_noted(books: Books) -> None:
    await books.credit("A-1", 50)
    with pytest.raises(asyncpg.RaiseError, match="do not sum to zero"):
        await post(books, "A-1", 1, available__thief=5_000)

    assert len(await noted(books)) == 1


async def test_what_was_noted_is_never_changed_or_deleted(books: Books) -> None:
    for sql in ("DELETE FROM notices", "TRUNCATE notices CASCADE", "UPDATE notices SET at = now()"):
        with pytest.raises(asyncpg.RaiseError, match="never changed or deleted"):
            await books.rows(sql)
