"""Writes that go on while the next thing is made ready: in order, and never forgotten."""

import asyncio

import pytest

from shared.database.write_behind import WriteBehind


async def test_each_write_begins_when_the_last_one_is_done() -> None:
    told: list[str] = []

    async def write(name: str) -> None:
        told.append(f"{name} begins")
        await asyncio.sleep(0)
        told.append(f"{name} ends")

    async with WriteBehind() as behind:
        await behind.write(write("first"))
        await asyncio.sleep(0)  # what the caller does meanwhile
        told.append("the second is made ready")
        await behind.write(write("second"))
    assert told == [
        "first begins",
        "the second is made ready",
        "first ends",
        "second begins",
        "second ends",
    ]


async def failing() -> None:
    await asyncio.sleep(0)
    raise OSError("the database is away")


async def test_what_fails_is_raised_by_the_next_write() -> None:
    begun = False

    async def next_one() -> None:
        nonlocal begun
        begun = True

    async def both() -> None:
        async with WriteBehind() as behind:
            await behind.write(failing())
            await behind.write(next_one())

    with pytest.raises(OSError, match="away"):
        await both()
    assert not begun


async def test_what_fails_last_is_raised_at_the_end() -> None:
    with pytest.raises(OSError, match="away"):
        async with WriteBehind() as behind:
            await behind.write(failing())


async def test_a_write_under_way_has_ended_when_the_block_fails() -> None:
    ended = asyncio.Event()

    async def write() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async def broken() -> None:
        async with WriteBehind() as behind:
            await behind.write(write())
            await asyncio.sleep(0)
            raise ValueError("the next thing can't be made ready")

    with pytest.raises(ValueError, match="ready"):
        await broken()
    assert ended.is_set()
