"""A forecast as plain data, for the answer. No I/O."""

from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from services.ingest.domain.forecast import (
    Forecast,
    ListedChange,
    ListedReminder,
    ReminderFigures,
    UnitName,
)
from services.ingest.domain.forecast_comparison import ChangeKind
from services.ingest.domain.forecast_messages import MessageCounts
from services.ingest.handlers.reports.forecasting import ForecastAnswer, ForecastQuestion
from shared.planning.forecaster import list_ids
from shared.schemas.rules import Channel, ReminderKind

_CENT = Decimal("0.01")
_USUAL = (Channel.EMAIL, Channel.SMS)
_GRAVEST = (
    ReminderKind.OVERDUE,
    ReminderKind.HEARING_OVERDUE,
    ReminderKind.DEADLINE,
    ReminderKind.HEARING,
)


def describe_forecast(asked: ForecastQuestion, answer: ForecastAnswer) -> dict[str, Any]:
    """A forecast as `shared.api.forecast.ForecastOut` has it, without its reminders."""
    forecast = answer.forecast
    return {
        "first": asked.first,
        "last": asked.last,
        "timezone": forecast.zone.key,
        "version": answer.live,
        "reminders": [],
        "left_out": forecast.totals.reminders - len(forecast.reminders),
        "totals": _describe_totals(forecast, answer.settings.sms_price),
        "days": [
            {"day": day, **_describe_figures(figures)}
            for day, figures in sorted(forecast.days.items())
        ],
        "busiest": forecast.list_busiest(),
        "heard": [
            {**_describe_unit(unit), **_describe_figures(figures)}
            for unit, figures in forecast.list_heard()
        ],
        "compared": {
            **{kind.value: forecast.changes[kind] for kind in ChangeKind},
            "rows": [_describe_change(each) for each in forecast.listed_changes],
        },
        "silent": forecast.silent,
        "silent_units": forecast.silent_units,
        "warnings": list(_list_warnings(answer)),
    }


def describe_reminder(listed: ListedReminder) -> dict[str, Any]:
    """A reminder as `shared.api.forecast.ForecastReminderOut` has it."""
    reminder = listed.reminder
    kinds = {item.kind for item in reminder.fired.due.items}
    return {
        "slot": reminder.slot,
        **_describe_unit(listed.unit),
        "audience": reminder.audience.value,
        "kind": next(kind.value for kind in _GRAVEST if kind in kinds),
        "channels": [channel.value for channel in reminder.channels],
        "obligations": list_ids(reminder.groups, reminder.fired.groups),
        **_describe_messages(listed.messages),
        "to_unit_id": reminder.to_unit,
        "to_unit": listed.to_unit,
    }


def _describe_totals(forecast: Forecast, price: Decimal | None) -> dict[str, Any]:
    messages = forecast.totals.messages
    return {
        **_describe_figures(forecast.totals),
        "cost": None if price is None else _compute_cost(messages.sms_parts, price),
        "suppressed": {reason.value: n for reason, n in sorted(messages.suppressed.items())},
        "deferred": messages.deferred,
        "units": forecast.units,
    }


def _compute_cost(parts: int, price: Decimal) -> float:
    """Yuan, to the cent."""
    return float((parts * price).quantize(_CENT, ROUND_HALF_UP))


def _describe_figures(figures: ReminderFigures) -> dict[str, Any]:
    return {"reminders": figures.reminders, **_describe_messages(figures.messages)}


def _describe_messages(counts: MessageCounts) -> dict[str, Any]:
    """Those on the usual channels, and on others that send any."""
    sent = {
        channel.value: counts.sent[channel]
        for channel in Channel
        if channel in _USUAL or counts.sent[channel]
    }
    return {"messages": sent, "sms_parts": counts.sms_parts}


def _describe_unit(unit: UnitName) -> dict[str, Any]:
    return {"unit_id": unit.unit_id, "unit": unit.name}


def _describe_change(listed: ListedChange) -> dict[str, Any]:
    change = listed.change
    return {
        "change": change.kind.value,
        "slot": change.slot,
        "was": change.was,
        **_describe_unit(listed.unit),
        "audience": change.audience.value,
        "obligations": listed.obligations,
    }


def _list_warnings(answer: ForecastAnswer) -> Iterator[dict[str, str]]:
    for year in answer.unknown_years:
        message = (
            f"{year} 年的放假通知还不知道，按周一至周五上班计算。"
            f"The holidays of {year} are not known yet: Monday to Friday count as working days."
        )
        yield {"code": "calendar-unknown", "message": message}
    if unknown := answer.forecast.unknown:
        message = (
            f"{unknown} 个事项在这段时间开始时的情况没有记录，按最早的记录计算。"
            f"The state of {unknown} obligations at the beginning is not recorded: their first "
            "recorded state counts."
        )
        yield {"code": "history-unknown", "message": message}
    if answer.settings.sms_price is None:
        message = (
            "没有设置短信单价，费用没有计算。"
            "No price of a short message is set, so the cost is not computed."
        )
        yield {"code": "no-price", "message": message}
