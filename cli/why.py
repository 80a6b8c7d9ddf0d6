"""`cuiban why`: why a unit was reminded of an obligation, or was not."""

from datetime import datetime
from typing import Annotated

import typer

from cli.client import connect
from cli.ledger import CHANNELS
from cli.units import find_unit, name_posts
from deploy.places import STATE, StateOption
from deploy.terminal.answers import JsonOption, format_instant, say, show_answer
from deploy.terminal.errors import WrongUseError
from deploy.terminal.language import _, get_language
from deploy.terminal.tables import show_table
from shared.api.why import FiredOut, NextOut, NotFiredOut, WhyOut
from shared.rules.names import OWNERS
from shared.schemas.rules import Post

_SHOWN = 50
"""How many reminders that were not sent a table shows; `--json` has up to 1000."""


def explain_reminders(
    obligation: Annotated[
        str | None, typer.Argument(help="The obligation's id, from `cuiban ledger --json`.")
    ] = None,
    unit: Annotated[
        str | None, typer.Option(help="All obligations of this unit, of one day.")
    ] = None,
    day: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="With --unit: the day; by default today."),
    ] = None,
    as_json: JsonOption = False,
    state: StateOption = STATE,
) -> None:
    """Explain reminders: the next ones, those that were sent, and those that were not and why."""
    if (obligation is None) == (unit is None):
        raise WrongUseError(
            _("Name an obligation, or a unit with --unit."),
            _("Obligations have their ids in `cuiban ledger --json`."),
        )
    api = connect(state)
    if unit is not None:
        path = f"/v1/units/{find_unit(api, unit).unit_id}/why"
        wanted = {"day": day.date().isoformat()} if day else {}
        answer = api.get(path, **wanted)
    else:
        answer = api.get(f"/v1/obligations/{obligation}/why")
    show_answer(WhyOut.model_validate(answer), as_json, _show_why)


def _show_why(why: WhyOut) -> None:
    say(_("Next:"))
    show_table((_("slot"), _("item"), _("rule"), _("audience")), [*map(_make_next, why.next)])
    say(_("Sent:"))
    headings = (_("slot"), _("item"), _("rule"), _("audience"), _("messages"))
    show_table(headings, [*map(_make_fired, why.fired)])
    say(_("Not sent:"))
    headings = (_("slot"), _("item"), _("rule"), _("audience"), _("reason"))
    show_table(headings, [*map(_make_not_fired, why.not_fired[-_SHOWN:])])
    if (rest := len(why.not_fired) + why.omitted - _SHOWN) > 0:
        say(_("{rest} earlier ones: see --json.").format(rest=rest))


def _make_next(each: NextOut) -> tuple[str, ...]:
    muted = _("muted by {actor}: {reason}").format(actor=each.muted_by, reason=each.muted_why)
    own = [name_posts(each.audiences)] if each.audiences else []
    others = [name_posts([other.audience], other.unit) for other in each.others]
    who = muted if each.mute_id else "、".join([*own, *others])
    return format_instant(each.slot), each.ref, f"{each.rule} v{each.version}", who


def _make_fired(each: FiredOut) -> tuple[str, ...]:
    messages = (f"{_(CHANNELS.get(m.channel, m.channel))} {m.state}" for m in each.messages)
    rules = f"{' '.join(each.rules)} v{each.version}"
    return (
        format_instant(each.slot),
        each.ref,
        rules,
        name_posts([each.audience], each.to_unit),
        ", ".join(messages),
    )


def _make_not_fired(each: NotFiredOut) -> tuple[str, ...]:
    reason = each.chinese if get_language() == "zh" else each.english
    rule = f"{each.rule} v{each.version}"
    whose = "" if each.of is Post.UNIT else OWNERS[each.of].choose(get_language())
    who = name_posts(each.audiences, whose)
    return format_instant(each.slot), each.ref, rule, who, reason
