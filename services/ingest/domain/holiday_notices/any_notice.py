"""Reads a yearly notice of holidays in whichever form it came: pasted text, or JSON. Pure."""

from services.ingest.domain.holiday_notices.json_notice import read_json
from services.ingest.domain.holiday_notices.notice import Notice
from services.ingest.domain.holiday_notices.reading import read_text


def read_notice(text: str, year: int | None = None) -> Notice:
    """Read a notice; `year` where the text does not name its own.

    Raises:
        RefusedError: it names no year or no festival, or it is faulty JSON.
    """
    stripped = text.lstrip("\ufeff \t\r\n")
    if stripped.startswith(("{", "[")):
        return read_json(text.lstrip("\ufeff"), year)
    return read_text(text, year)
