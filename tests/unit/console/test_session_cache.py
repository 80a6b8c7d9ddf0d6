"""What the pages remember of a session for a few seconds."""

from datetime import timedelta

import pytest

from services.console.shell import session_cache
from services.console.shell.session_cache import SessionCache

REMEMBER = timedelta(seconds=5)


class Source:
    """Counts how often it is asked."""

    def __init__(self) -> None:
        self.asked = 0

    async def fetch(self) -> int:
        self.asked += 1
        return self.asked


@pytest.fixture
def seconds(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [100.0]
    monkeypatch.setattr(session_cache, "monotonic", lambda: now[0])
    return now


async def test_a_value_is_fetched_once_and_again_when_its_time_is_over(
    seconds: list[float],
) -> None:
    source, cache = Source(), SessionCache[int](REMEMBER)
    assert [await cache.get("a", source.fetch) for _ in range(2)] == [1, 1]
    seconds[0] += 5
    assert await cache.get("a", source.fetch) == 2


async def test_each_session_has_its_own_value_until_it_is_dropped(seconds: list[float]) -> None:
    source, cache = Source(), SessionCache[int](REMEMBER)
    assert [await cache.get(token, source.fetch) for token in ("a", "b", "a")] == [1, 2, 1]
    cache.drop("a")
    assert [await cache.get(token, source.fetch) for token in ("a", "b")] == [3, 2]


async def test_a_failure_is_not_remembered(seconds: list[float]) -> None:
    async def fail() -> int:
        raise LookupError

    source, cache = Source(), SessionCache[int](REMEMBER)
    with pytest.raises(LookupError):
        await cache.get("a", fail)
    assert await cache.get("a", source.fetch) == 1
