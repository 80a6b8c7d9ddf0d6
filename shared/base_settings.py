"""Settings of any process, and what reads them from the environment and from a folder of files."""

import os
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import AfterValidator, Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.errors import CuibanError

_MILLISECOND, _HOUR = timedelta(milliseconds=1), timedelta(hours=1)
BoundedDuration = Annotated[timedelta, Field(ge=_MILLISECOND, le=_HOUR)]
"""A pause or a time-out: from a millisecond to an hour."""
NonNegativeDuration = Annotated[timedelta, Field(ge=timedelta(0), le=timedelta(days=3660))]
"""A duration that may be 0."""
_LONGEST_SECRET = 10_000


def read_secret_file(path: Path) -> str:
    """The secret that a file holds alone, without blanks at its ends.

    Raises:
        OSError: the file can't be read.
        ValueError: it is not UTF-8.
    """
    with path.open(encoding="utf-8") as file:
        return file.read(_LONGEST_SECRET).strip()


def _check_secret_file(path: Path) -> Path:
    try:
        empty = not read_secret_file(path)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "no UTF-8"
        raise ValueError(
            f"读不到所写的文件：{reason}。The file that it names can't be read: {reason}."
        ) from error
    if empty:
        raise ValueError("所写的文件是空的。The file that it names is empty.")
    return path


SecretFile = Annotated[Path, AfterValidator(_check_secret_file)]
"""A file that holds a secret alone. One that can't be read is refused with the settings.

The refusal does not show its name: sometimes the secret itself is written in its place."""


class ProcessSettings(BaseSettings):
    """How a process logs, and where it is watched. Variables begin with `CUIBAN_`."""

    model_config = SettingsConfigDict(env_prefix="CUIBAN_", env_ignore_empty=True, extra="ignore")

    log_format: str = Field(default="auto", pattern="^(auto|json|console)$")
    log_level: str = Field(default="INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$")
    metrics_host: str = "127.0.0.1"
    metrics_port: int = Field(default=0, ge=0, le=65535)
    """Where `/metrics` and `/health/…` are served; 0 takes a free port."""
    otlp_endpoint: str = Field(default="", pattern=r"^(https?://[^\s@/?#]+(/[^\s@?#]*)?)?$")
    """Where traces are sent by OTLP over HTTP: the base address of a collector, such as
    `http://127.0.0.1:4318`. Without it nothing is traced. It holds no user and no password: what
    a collector asks for stands in `OTEL_EXPORTER_OTLP_HEADERS`."""

    @classmethod
    def load(cls) -> Self:
        """The settings in the environment, and those in the files of `CUIBAN_SECRETS_DIR`.

        A file has the name of its variable in small letters, as `cuiban_database_url`, and holds
        the value alone. The environment goes first.

        Raises:
            CuibanError: one of them can't be read; it names the variable.
        """
        folder = find_secrets()
        try:
            return cls(_secrets_dir=folder)
        except ValidationError as error:
            rows = error.errors(include_url=False, include_input=False)
            named = "; ".join(map(_describe_fault, rows))
            raise CuibanError(f"配置有误。A setting can't be read: {named}.") from error


def _describe_fault(row: Any) -> str:  # noqa: ANN401 - pydantic's ErrorDetails
    """A fault with its variable; the text of a fault of several variables names them."""
    words = str(row["msg"]).removeprefix("Value error, ")
    return f"CUIBAN_{str(row['loc'][0]).upper()}: {words}" if row["loc"] else words


def find_secrets() -> Path | None:
    """The folder that `CUIBAN_SECRETS_DIR` names; None where the variable is not set.

    Raises:
        CuibanError: there is no such folder.
    """
    named = os.environ.get("CUIBAN_SECRETS_DIR")
    if not named:
        return None
    folder = Path(named)
    if not folder.is_dir():
        raise CuibanError(
            f"CUIBAN_SECRETS_DIR 不是文件夹：{folder}。CUIBAN_SECRETS_DIR is no folder: {folder}.",
            "在其中为每个密钥放一个文件，如 cuiban_database_url。"
            "Put a file for each secret into it, such as cuiban_database_url.",
        )
    return folder
