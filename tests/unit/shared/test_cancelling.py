"""A loop ends when it is told to, although a library swallows a cancellation."""

import asyncio

import pytest

from shared.cancelling import end_tasks, raise_if_cancelled


async def swallow() -> None:
    """As asyncio.wait_for of Python 3.11 does at times."""
    try:
        await asyncio.sleep(0)
    except asyncio.CancelledError:
        return


async def loop_in_a_group(*, checked: bool, turns: int) -> int:
    done, began = 0, asyncio.Event()

    async def turn_for_ever() -> None:
        nonlocal done
        while done < turns:
            if checked:
                raise_if_cancelled()
            done += 1
            began.set()
            await swallow()

    async def run() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(turn_for_ever())

    running = asyncio.create_task(run())
    async with asyncio.timeout(60):
        await began.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    return done


async def test_a_checked_loop_ends_at_its_next_turn() -> None:
    assert await loop_in_a_group(checked=True, turns=1000) < 5
    assert await loop_in_a_group(checked=False, turns=1000) == 1000


async def test_a_task_that_goes_on_is_cancelled_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.cancelling._AGAIN", 0.01)
    left = 3

    async def run() -> None:
        nonlocal left
        while left:
            try:
                await asyncio.sleep(3600)
            except asyncio.CancelledError:
                left -= 1

    task = asyncio.create_task(run())
    await asyncio.sleep(0)
    async with asyncio.timeout(60):
        await end_tasks([task])
    assert left == 0
