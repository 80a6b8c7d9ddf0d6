"""The periods of recurring duties, as documents print them and as obligations count them."""

from enum import StrEnum, unique


@unique
class Period(StrEnum):
    """The period within which a recurring duty is to be done."""

    YEAR = "year"
    HALF_YEAR = "half-year"
    QUARTER = "quarter"
    MONTH = "month"
    WEEK = "week"
