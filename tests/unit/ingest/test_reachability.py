"""What is missing in a post on a day."""

from datetime import date

import pytest

from services.ingest.handlers.units.reachability import ContactGap, find_gap

TODAY = date(2023, 6, 1)
LI = {"post": "liaison", "name": "李四", "email": "l@x.example", "mobile": "13800000001"}
ENDED = LI | {"valid_to": "2023-05-31"}
COMING = LI | {"name": "王五", "valid_from": "2023-06-02"}


@pytest.mark.parametrize(
    ("holders", "expected"),
    [
        ([], (ContactGap.NOBODY, "", None)),
        ([LI], None),
        ([LI | {"valid_to": "2023-06-01"}], None),
        ([LI | {"valid_from": "2023-06-01"}], None),
        ([ENDED], (ContactGap.ENDED, "李四", date(2023, 5, 31))),
        ([COMING], (ContactGap.NOT_BEGUN, "王五", date(2023, 6, 2))),
        ([ENDED, COMING], (ContactGap.NOT_BEGUN, "王五", date(2023, 6, 2))),
        ([ENDED, LI | {"valid_from": "2023-06-01"}], None),
        ([LI | {"email": "", "mobile": ""}], (ContactGap.NO_ADDRESS, "李四", None)),
        ([LI | {"email": ""}], (ContactGap.NO_EMAIL, "李四", None)),
        ([LI | {"mobile": ""}], (ContactGap.NO_MOBILE, "李四", None)),
    ],
)
def test_a_post_has_the_gap_that_it_has_on_the_day(holders, expected):
    assert find_gap(holders, TODAY) == expected
