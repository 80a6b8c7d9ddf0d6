"""Requests of a page that are sent together."""

import asyncio

import pytest

from services.console.client import ApiError, fetch_together
from shared.api.problems import Problem


async def test_answers_come_in_the_order_of_the_requests() -> None:
    late = asyncio.Event()

    async def answer_late() -> str:
        await late.wait()
        return "first"

    async def answer_at_once() -> str:
        late.set()
        return "second"

    assert list(await fetch_together(answer_late(), answer_at_once())) == ["first", "second"]


async def test_the_first_refusal_in_order_is_read_whichever_is_answered_first() -> None:
    late = asyncio.Event()
    problems = [Problem(type="", title="", status=404, detail=detail) for detail in ("1", "2")]

    async def refuse_late() -> str:
        await late.wait()
        raise ApiError(problems[0])

    async def refuse_at_once() -> str:
        late.set()
        raise ApiError(problems[1])

    with pytest.raises(ApiError) as refused:
        await fetch_together(refuse_late(), refuse_at_once())
    assert refused.value.problem.detail == "1"
