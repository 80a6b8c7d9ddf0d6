"""A draft of the rules: what it says, what is wrong in it, what it changes; and its way out."""

from dataclasses import dataclass
from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import Response

from services.console.client import ApiError, fetch_together
from services.console.pages.rule_books import fetch_changes
from services.console.shell.forms import Form, Posted
from services.console.shell.visits import SignedIn, Visit
from services.console.texts.languages import N_
from shared.api.offices import RuleBookOut
from shared.api.rules import BookChangeOut, RuleDraftOut, RuleEffectOut
from shared.rules.book import RuleBook
from shared.rules.describing import describe_rule

ROUTER = APIRouter()


@dataclass(frozen=True, slots=True)
class _Step:
    """What may be done with a whole draft."""

    name: str
    title: str
    text: str
    button: str
    notice: str


_PUBLISH = _Step(
    "publish",
    N_("发布规则"),
    N_("草稿将发布为第 %(next)s 版，所有提醒重新排程；已发出的不受影响。"),
    N_("发布"),
    N_("第 %(version)s 版已生效，所有提醒重新排程。"),
)
_APPROVE = _Step(
    "approve",
    N_("批准并发布规则"),
    N_("您批准后，草稿立即发布为第 %(next)s 版，所有提醒重新排程；已发出的不受影响。"),
    N_("批准并发布"),
    N_("已批准：第 %(version)s 版已生效，所有提醒重新排程。"),
)


def get_draft_path(draft_id: UUID) -> str:
    """The address of a draft in the API."""
    return f"/v1/rule-drafts/{draft_id}"


async def fetch_draft(visit: Visit, draft_id: UUID) -> RuleDraftOut:
    """A draft."""
    return await visit.api.get(RuleDraftOut, get_draft_path(draft_id))


async def _fetch_meaning(
    visit: Visit, draft: RuleDraftOut
) -> tuple[list[BookChangeOut], RuleEffectOut | None]:
    """What a draft changes in the live rules, and for how many units; nothing for an unread one."""
    if draft.book is None:
        return [], None
    changes, effect = await fetch_together(
        fetch_changes(visit, draft.live, draft.draft_id),
        visit.api.get(RuleEffectOut, f"{get_draft_path(draft.draft_id)}/effect"),
    )
    return changes, effect


@ROUTER.post("/rules/drafts")
async def begin_draft(visit: SignedIn, form: Posted) -> Response:
    """A new draft from a published version, to be changed by form."""
    visit.require("draft-rules")
    body = {"from_version": form["from_version"]}
    draft = await visit.api.post(RuleDraftOut, "/v1/rule-drafts", body, form.key)
    return visit.redirect(f"/rules/drafts/{draft.draft_id}/form")


@ROUTER.get("/rules/drafts/{rule_draft_id}")
async def show_draft(visit: SignedIn, rule_draft_id: UUID) -> Response:
    """What a draft says and changes."""
    visit.require("read-drafts")
    draft = await fetch_draft(visit, rule_draft_id)
    changes, effect = await _fetch_meaning(visit, draft)
    book = RuleBook.model_validate(draft.book) if draft.book else None
    return visit.render(
        "rules/draft.html",
        draft=draft,
        book=book,
        rules=[describe_rule(rule) for rule in book.rules] if book else [],
        changes=changes,
        effect=effect,
        lines=draft.text.splitlines(),
    )


@ROUTER.get("/rules/drafts/{rule_draft_id}/publish")
async def ask_to_publish(visit: SignedIn, rule_draft_id: UUID) -> Response:
    """What the publication of a draft changes."""
    visit.require("publish-rules")
    return await _ask(visit, rule_draft_id, _PUBLISH, Form())


@ROUTER.post("/rules/drafts/{rule_draft_id}/publish")
async def publish_draft(visit: SignedIn, rule_draft_id: UUID, form: Posted) -> Response:
    """Publish a draft."""
    visit.require("publish-rules")
    return await _carry_out(visit, rule_draft_id, _PUBLISH, form)


@ROUTER.get("/rules/drafts/{rule_draft_id}/approve")
async def ask_to_approve(visit: SignedIn, rule_draft_id: UUID) -> Response:
    """What the approval of a draft changes."""
    visit.require("approve-rules")
    return await _ask(visit, rule_draft_id, _APPROVE, Form())


@ROUTER.post("/rules/drafts/{rule_draft_id}/approve")
async def approve_draft(visit: SignedIn, rule_draft_id: UUID, form: Posted) -> Response:
    """Approve and publish a draft that somebody else wrote."""
    visit.require("approve-rules")
    return await _carry_out(visit, rule_draft_id, _APPROVE, form)


async def _ask(
    visit: Visit, draft_id: UUID, step: _Step, form: Form, status: int = 200
) -> Response:
    draft = await fetch_draft(visit, draft_id)
    changes, effect = await _fetch_meaning(visit, draft)
    return visit.render(
        "rules/confirm.html",
        status,
        form=form,
        title=visit.gettext(step.title),
        lines=[visit.gettext(step.text, next=draft.live + 1)],
        changes=changes,
        effect=effect,
        withheld=step is _PUBLISH and effect is not None and effect.needs_approval,
        action=f"/rules/drafts/{draft_id}/{step.name}",
        button=visit.gettext(step.button),
        cancel=f"/rules/drafts/{draft_id}",
        version=str(draft.version),
        danger=False,
    )


async def _carry_out(visit: Visit, draft_id: UUID, step: _Step, form: Form) -> Response:
    body = {"version": form["version"]}
    try:
        book = await visit.api.post(
            RuleBookOut, f"{get_draft_path(draft_id)}/{step.name}", body, form.key
        )
    except ApiError as error:
        return await _ask(visit, draft_id, step, form.refuse(visit, error), error.status)
    return visit.redirect("/rules", visit.gettext(step.notice, version=book.version))


@ROUTER.get("/rules/drafts/{rule_draft_id}/discard")
async def ask_to_discard(visit: SignedIn, rule_draft_id: UUID) -> Response:
    """What becomes of a draft that is discarded."""
    visit.require("draft-rules")
    draft = await fetch_draft(visit, rule_draft_id)
    return visit.render(
        "rules/confirm.html",
        form=Form(),
        title=visit.gettext("作废草稿"),
        lines=[
            visit.gettext("%(name)s 起草的这份草稿将作废，日志保留其正文。", name=draft.author),
            visit.gettext("现行规则不变，对各单位没有影响。"),
        ],
        changes=None,
        effect=None,
        action=f"/rules/drafts/{rule_draft_id}/discard",
        button=visit.gettext("作废"),
        cancel=f"/rules/drafts/{rule_draft_id}",
        version="",
        danger=True,
    )


@ROUTER.post("/rules/drafts/{rule_draft_id}/discard")
async def discard_draft(visit: SignedIn, rule_draft_id: UUID, form: Posted) -> Response:  # noqa: ARG001 - checks where it was sent
    """Discard a draft."""
    visit.require("draft-rules")
    await visit.api.delete(get_draft_path(rule_draft_id))
    return visit.redirect("/rules", visit.gettext("草稿已作废。"))
