"""灯 (lights): how urgent an obligation is on a day."""

from enum import StrEnum


class Light(StrEnum):
    """How urgent an obligation is on a day."""

    DONE = "done"
    GREEN = "green"
    YELLOW = "yellow"
    RED = "red"
    NONE = "none"
