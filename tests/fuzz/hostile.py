"""Hostile input: values, events, headers and records that no service writes."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from shared.kafka.broker.codec import build_type_name
from shared.schemas.base_events import Event
from shared.schemas.topics import Topic

GOLDEN = Path(__file__).parents[1] / "contract" / "events"

TEXTS = (
    "",
    "\x00",
    "两行\r\nBcc: everyone@evil.example",
    "<script>alert(1)</script><img src=x onerror=y>",
    "{{7*7}}{% raw %}",
    "\u202e\u2028\ufeff\u200b",
    "\ud800",
    "9" * 5000,
    "办" * 4000,
    "../../etc/passwd",
    "'; DROP TABLE ingest.units; --",
    "\U0001f4a3" * 90,
    "Mars/Base",
    "x" * 3000 + "".join(map(chr, range(0x4E00, 0x5A00))),
)
NUMBERS = (0, -1, 2**31 - 1, 2**31, 2**63, -(2**63), 10**300, 1.5, float("nan"), float("inf"))
DAYS = ("0001-01-01", "9999-12-31", "1969-12-31", "2023-02-30", "2199-12-31", "10000-01-01")
INSTANTS = (
    "0001-01-01T00:00:00+14:00",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59.999999-14:00",
    "9999-12-31T23:59:59Z",
    "2023-08-30T01:00:00",
    "1e18",
)
ODD = (None, True, [], {}, [[]], [None], {"\x00": 1})
IDS = tuple(f"00000000-0000-4000-8000-{n:012d}" for n in range(1, 7))
VALUES = st.one_of(
    *map(st.sampled_from, (TEXTS, NUMBERS, DAYS, INSTANTS, ODD, IDS)), st.text(max_size=20)
)


@dataclass(frozen=True, repr=False)
class Record:
    """A record to send."""

    topic: Topic
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]

    def __repr__(self) -> str:
        return f"<{self.topic.name} {self.value!r:.1500} {self.headers!r:.300}>"


def load_golden(event_class: type[Event]) -> dict[str, Any]:
    name = build_type_name(event_class).removeprefix("cuiban.")
    return dict(json.loads((GOLDEN / f"{name}.json").read_text()))


def iterate_paths(value: object, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every part of a JSON value, without the root."""
    if path:
        yield path
    if isinstance(value, dict | list):
        for name, part in value.items() if isinstance(value, dict) else enumerate(value):
            yield from iterate_paths(part, (*path, name))


def _get_parent(value: Any, path: tuple[Any, ...]) -> Any:
    for step in path[:-1]:
        value = value[step]
    return value


@st.composite
def tampered(draw: st.DrawFn, event_class: type[Event]) -> dict[str, Any]:
    """An event of a type as JSON, with its ids from a small set and up to three parts wrong."""
    value = load_golden(event_class)
    for path in list(iterate_paths(value)):
        if str(path[-1]).endswith("_id") and draw(st.booleans()):
            _get_parent(value, path)[path[-1]] = draw(st.sampled_from(IDS))
    for _ in range(draw(st.integers(0, 3))):
        path = draw(st.sampled_from(list(iterate_paths(value))))
        inside = _get_parent(value, path)
        match draw(st.sampled_from(("replace", "replace", "replace", "leave out", "repeat"))):
            case "replace":
                inside[path[-1]] = draw(VALUES)
            case "leave out":
                del inside[path[-1]]
            case "repeat":
                part = inside[path[-1]]
                times = draw(st.sampled_from((2, 3, 300)))
                inside[path[-1]] = part * times if isinstance(part, list | str) else [part] * times
    return value


@st.composite
def records(draw: st.DrawFn, topic: Topic) -> Record:
    """A record of a topic: a tampered event, or bytes and headers that are no event at all."""
    event_class = draw(st.sampled_from(topic.events))
    value = json.dumps(draw(tampered(event_class)), ensure_ascii=True).encode()
    headers: dict[str, bytes | None] = {
        "ce_id": str(draw(st.uuids())).encode(),
        "ce_type": build_type_name(event_class).encode(),
        "ce_source": b"/cuiban/test",
        "ce_time": b"2023-06-01T01:00:00+00:00",
    }
    if draw(st.integers(0, 4)) == 0:
        name = draw(st.sampled_from(("ce_id", "ce_type", "ce_source", "ce_time", "\x00", "办")))
        headers[name] = draw(
            st.sampled_from((None, b"", b"\xff", *(day.encode() for day in INSTANTS)))
            | st.binary(max_size=30)
        )
    raw = draw(st.sampled_from((value,) * 8 + (None, b"", b"[" * 50_000, b"\xff\xfe", value[:-1])))
    key = draw(st.binary(min_size=1, max_size=8))
    if raw is not None and not topic.compacted:  # the broker takes no such record without a key
        key = draw(st.sampled_from((key, None)))
    return Record(topic, key, raw, tuple(headers.items()))
