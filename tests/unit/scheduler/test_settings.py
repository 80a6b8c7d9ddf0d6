from datetime import timedelta

import pytest
from pydantic import ValidationError

from services.scheduler.settings import SchedulerSettings


def test_durations_are_read_from_the_environment(monkeypatch) -> None:
    monkeypatch.setenv("CUIBAN_AUDIT_GRACE", "PT90S")
    assert SchedulerSettings().audit_grace == timedelta(seconds=90)


def test_a_batch_of_nothing_is_refused() -> None:
    with pytest.raises(ValidationError, match="tick_batch"):
        SchedulerSettings(tick_batch=0)
