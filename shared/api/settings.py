"""The settings of an office over HTTP."""

import base64
import binascii
from datetime import datetime
from typing import Annotated

from pydantic import ConfigDict, Field, field_validator

from shared.schemas.life import Joint, ObligationStatus
from shared.schemas.office import OfficeSettings
from shared.schemas.values import Zone

_MOST = 200 * 1024
"""Bytes of a logo."""
_PICTURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")
"""How PNG and JPEG files begin."""
STOPPING = (ObligationStatus.SUBMITTED, ObligationStatus.DONE)
"""What stops reminders by default."""


class OfficeSettingsIn(OfficeSettings):
    """An office's settings, whole. What is left out gets its default; null is the installation's.

    `version` is that of the settings which these replace. `near_working_days`: from how many
    working days before the date the light is yellow. `logo` is a PNG or JPEG picture in base64.
    `stops_reminders`: statuses in which nothing is reminded of; done is always one. `review`: the
    office reviews what a unit reports as done. `joint`: who reports for a duty of several units.
    `rule_approval_share`: rules that change what more than this percentage of the units hears need
    the approval of a second person; 100 means never.
    """

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "version": 0,
                    "timezone": "Asia/Shanghai",
                    "near_working_days": 15,
                    "quiet_sms": {"begin": "21:00", "end": "07:30"},
                    "rate_limit": 5,
                    "signature": "盐亭政务公开",
                }
            ]
        },
    )

    version: int = Field(ge=0)
    timezone: Zone = "Asia/Shanghai"
    near_working_days: int = Field(default=15, ge=0, le=260)
    logo: Annotated[str, Field(max_length=_MOST * 4 // 3 + 4)] | None = None
    stops_reminders: Annotated[tuple[ObligationStatus, ...], Field(max_length=10)] = STOPPING
    review: bool = True
    joint: Joint = Joint.EACH
    rule_approval_share: int = Field(default=20, ge=0, le=100)

    @field_validator("logo")
    @classmethod
    def _is_picture(cls, logo: str | None) -> str | None:
        if logo is not None and not decode_logo(logo).startswith(_PICTURES):
            raise ValueError("标志须为 PNG 或 JPEG 图片。The logo is a PNG or JPEG picture.")
        return logo

    def get_logo(self) -> bytes | None:
        """The picture."""
        return None if self.logo is None else decode_logo(self.logo)

    def get_settings(self) -> OfficeSettings:
        """The settings without what is kept elsewhere."""
        return OfficeSettings.model_validate(self.model_dump())


class OfficeSettingsOut(OfficeSettings):
    """An office's settings. `version` rises with each change; 0: it never changed any."""

    version: int
    timezone: str
    near_working_days: int
    logo: str | None
    stops_reminders: tuple[ObligationStatus, ...]
    review: bool
    joint: Joint
    rule_approval_share: int = 20
    changed_by: str
    changed_at: datetime | None


def decode_logo(logo: str) -> bytes:
    """The bytes of a picture in base64.

    Raises:
        ValueError: it is not base64.
    """
    try:
        return base64.b64decode(logo, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError("标志须为 base64 编码。The logo is written in base64.") from error
