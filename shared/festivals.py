"""The statutory holidays of a year, as the State Council's order No. 795 (2024) names them. Pure.

Four of them move. Their days were computed from the lunar calendar and the solar terms; two
independent libraries agree on every one, and both agree with the notices up to 2026.
"""

from datetime import date, timedelta

_DAY = timedelta(days=1)
_FIRST = 2027
# Spring Festival, Qingming, Dragon Boat Festival and Mid-Autumn Festival of each year.
_TABLE = """
0206 0405 0609 0915  0126 0404 0528 1003  0213 0404 0616 0922  0203 0405 0605 0912
0123 0405 0624 1001  0211 0404 0612 0919  0131 0404 0601 0908  0219 0405 0620 0927
0208 0405 0610 0916  0128 0404 0530 1004  0215 0404 0618 0924  0204 0405 0607 0913
0124 0405 0527 1002  0212 0404 0614 0920  0201 0404 0603 0910  0122 0404 0622 0928
0210 0405 0611 0917  0130 0404 0531 1005  0217 0404 0619 0925  0206 0404 0608 0915
0126 0405 0529 1004  0214 0404 0615 0922  0202 0404 0604 0911  0123 0404 0623 0930
0211 0405 0613 0919  0201 0404 0601 0907  0219 0404 0620 0926  0208 0404 0610 0916
0128 0405 0530 1005  0215 0404 0617 0924
"""
_MOVING = _TABLE.split()
_EACH = 4
_SINCE, _SECOND = 2008, 2025
_DAYS = {"元旦": 1, "春节": 3, "清明节": 1, "劳动节": 1, "端午节": 1, "中秋节": 1, "国庆节": 3}
_DAYS_SINCE_2025 = {"春节": 4, "劳动节": 2}
_LAST = _FIRST + len(_MOVING) // _EACH - 1


def get_statutory_holidays(year: int) -> frozenset[date] | None:
    """The days off by law in `year`.

    They are New Year, the eve and the first three days of Spring Festival, Qingming, two days of
    Labour Day, Dragon Boat, Mid-Autumn, and three days of National Day.

    None for a year that the table does not reach (before 2027 the notices are known).
    """
    if not _FIRST <= year <= _LAST:
        return None
    at = (year - _FIRST) * _EACH
    spring, *others = (date(year, int(day[:2]), int(day[2:])) for day in _MOVING[at : at + _EACH])
    fixed = (date(year, *day) for day in ((1, 1), (5, 1), (5, 2), (10, 1), (10, 2), (10, 3)))
    return frozenset((*(spring + n * _DAY for n in range(-1, 3)), *others, *fixed))


def count_statutory_days(year: int, festival: str) -> int | None:
    """How many days a festival is off by law; None for an unknown one and before 2008.

    The order of 2007 (No. 513) took effect in 2008, that of 2024 (No. 795) in 2025.
    """
    if year < _SINCE:
        return None
    return (_DAYS | (_DAYS_SINCE_2025 if year >= _SECOND else {})).get(festival)
