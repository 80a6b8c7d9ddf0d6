"""What `cuiban audit conservation` says."""

from datetime import date
from uuid import UUID

import pytest

from deploy.ops.conservation import _show
from services.scheduler.audit import UnitDay


@pytest.mark.parametrize(
    ("waiting", "said"), [(0, "holds for every unit and day"), (2, "on 2 reminders")]
)
def test_it_does_not_say_that_the_line_holds_while_reminders_are_not_fanned_out(
    capsys: pytest.CaptureFixture[str], waiting: int, said: str
) -> None:
    line = dict.fromkeys(UnitDay.__slots__[3:], 0) | {"reminders": 3, "waiting": waiting}
    _show([UnitDay(UUID(int=1), UUID(int=2), date(2023, 8, 31), **line)], [])
    shown = capsys.readouterr().out
    assert said in shown
    assert ("holds" in shown) == (waiting == 0)
