"""Settings of any process, and what reads them from the environment."""

from datetime import timedelta
from typing import Annotated, Self

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.errors import CuibanError

_MILLISECOND, _HOUR = timedelta(milliseconds=1), timedelta(hours=1)
BoundedDuration = Annotated[timedelta, Field(ge=_MILLISECOND, le=_HOUR)]
"""A pause or a time-out: from a millisecond to an hour."""
NonNegativeDuration = Annotated[timedelta, Field(ge=timedelta(0), le=timedelta(days=3660))]
"""A duration that may be 0."""


class ProcessSettings(BaseSettings):
    """How a process logs, and where it is watched. Variables begin with `CUIBAN_`."""

    model_config = SettingsConfigDict(env_prefix="CUIBAN_", env_ignore_empty=True, extra="ignore")

    log_format: str = Field(default="auto", pattern="^(auto|json|console)$")
    log_level: str = Field(default="INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$")
    metrics_host: str = "127.0.0.1"
    metrics_port: int = Field(default=0, ge=0, le=65535)
    """Where `/metrics` and `/health/…` are served; 0 takes a free port."""

    @classmethod
    def load(cls) -> Self:
        """The settings in the environment.

        Raises:
            CuibanError: one of them can't be read; it names the variable.
        """
        try:
            return cls()
        except ValidationError as error:
            rows = error.errors(include_url=False, include_input=False)
            named = "; ".join(f"CUIBAN_{str(r['loc'][0]).upper()}: {r['msg']}" for r in rows)
            raise CuibanError(f"A setting can't be read: {named}.") from error
