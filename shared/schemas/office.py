"""The settings of an office, as events tell them. What is None is as the installation has it."""

from datetime import time
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from pydantic import Field, WithJsonSchema, field_validator

from shared.schemas.lights import Light
from shared.schemas.values import Value

_COLOUR = r"^#[0-9A-Fa-f]{6}$"


LocalTime = Annotated[
    time,
    WithJsonSchema(
        {"type": "string", "pattern": r"^\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?$", "examples": ["21:00"]}
    ),
]
"""A time of day without an offset. JSON Schema's format `time` (RFC 3339) would require one."""


class Hours(Value):
    """Local times of day, from `begin` until `end`, possibly over midnight; equal ones: never."""

    begin: LocalTime
    end: LocalTime

    @field_validator("begin", "end")
    @classmethod
    def _is_local(cls, at: time) -> time:
        if at.tzinfo is not None:
            raise ValueError("请勿写时区，如 21:00。Write it without an offset, like 21:00.")
        return at


class LightLook(Value):
    """What a light is called and its colour, such as #D93026."""

    name: str = Field(min_length=1, max_length=20)
    colour: str = Field(pattern=_COLOUR)


LOOKS = {
    Light.GREEN: LightLook(name="正常", colour="#1E8E3E"),
    Light.YELLOW: LightLook(name="临近", colour="#F29900"),
    Light.RED: LightLook(name="超期", colour="#D93026"),
    Light.DONE: LightLook(name="已办结", colour="#5F6368"),
    Light.NONE: LightLook(name="无期限", colour="#9AA0A6"),
}
"""The lights of an office that has changed none (places differ)."""


Price = Annotated[Decimal, Field(ge=0, le=100, decimal_places=4)]
"""Yuan. JSON has it as a text, so that no digit changes."""
_SIGNATURE = r"^[^\x00-\x1f\x7f【】]+$"


class OfficeSettings(Value):
    """An office's settings, whole.

    Attributes:
        lights: how lights are shown.
        working_hours: outside of them nothing is sent on any channel, beside the quiet hours;
            None: at any hour.
        quiet_email, quiet_sms: when nothing is sent on a channel.
        rate_limit: messages to one contact on one channel within `rate_hours`; 0: no limit.
        useful_days: how long after its slot a reminder without overdue items is still sent.
        signature: the registered signature of short messages; also under a 通报.
        retention_days: how long texts and addresses of messages that have ended are kept, by
            ingest's history and by the notifier; topics and backups are not covered.
        sms_price: of one part of a short message, in yuan: a forecast computes the cost by it.
        own_unit: the unit of the directory that is the office itself: rules tell its posts.
    """

    lights: dict[Light, LightLook] = Field(default_factory=lambda: dict(LOOKS))
    working_hours: Hours | None = None
    quiet_email: Hours | None = None
    quiet_sms: Hours | None = None
    rate_limit: Annotated[int, Field(ge=0, le=1000)] | None = None
    rate_hours: Annotated[int, Field(ge=1, le=24 * 31)] | None = None
    useful_days: Annotated[int, Field(ge=1, le=366)] | None = None
    signature: Annotated[str, Field(min_length=2, max_length=18, pattern=_SIGNATURE)] | None = None
    retention_days: Annotated[int, Field(ge=30, le=36_600)] | None = None
    sms_price: Price | None = None
    own_unit: UUID | None = None

    @field_validator("lights")
    @classmethod
    def _have_every_light(cls, lights: dict[Light, LightLook]) -> dict[Light, LightLook]:
        return {light: lights.get(light, look) for light, look in LOOKS.items()}

    @field_validator("working_hours")
    @classmethod
    def _begin_before_they_end(cls, hours: Hours | None) -> Hours | None:
        if hours is not None and hours.begin >= hours.end:
            raise ValueError("上班时间须早于下班时间。Working hours begin before they end.")
        return hours
