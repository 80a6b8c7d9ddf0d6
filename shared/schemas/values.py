"""The base of values in events, and bounded types: values outside the bounds are refused as input.

Date arithmetic fails near the ends of the calendar, and a calendar of a million days takes minutes
to process.
"""

from datetime import UTC, date, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

FIRST_YEAR, LAST_YEAR = 1900, 2199
_FIRST = datetime(FIRST_YEAR, 1, 1, tzinfo=UTC)
_END = datetime(LAST_YEAR + 1, 1, 1, tzinfo=UTC)


def _check_zone(timezone: str) -> str:
    try:
        ZoneInfo(timezone)
    except (OSError, ValueError, KeyError) as error:  # ZoneInfoNotFoundError is a KeyError
        raise ValueError(
            "不是时区，如 Asia/Shanghai。It is no IANA time zone, such as Asia/Shanghai."
        ) from error
    return timezone


class Value(BaseModel):
    """A part of an event. Unknown fields are ignored: a newer release may write them."""

    model_config = ConfigDict(frozen=True, extra="ignore")


Day = Annotated[date, Field(ge=date(FIRST_YEAR, 1, 1), le=date(LAST_YEAR, 12, 31))]
Instant = Annotated[AwareDatetime, Field(ge=_FIRST, lt=_END)]
Zone = Annotated[str, Field(max_length=64), AfterValidator(_check_zone)]
"""An IANA time zone, such as Asia/Shanghai."""


def is_instant(moment: datetime) -> bool:
    """Whether an aware moment lies where instants may."""
    return _FIRST <= moment < _END
