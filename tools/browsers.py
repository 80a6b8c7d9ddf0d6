"""Finds the Chromium of this machine, for the pictures and for the tests of pages."""

import os
import shutil
from pathlib import Path

_NAMES = (
    "chromium-headless-shell",
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
)
"""The one without windows first: open windows keep processes at work."""


def find_browser() -> str | None:
    """The Chromium that `CUIBAN_BROWSER` names, else one on the path; None without any."""
    if named := os.environ.get("CUIBAN_BROWSER"):
        return named if Path(named).exists() else None
    return next(filter(None, map(shutil.which, _NAMES)), None)
