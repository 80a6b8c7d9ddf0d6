"""Templates of messages over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.api.callers import Permitted
from services.ingest.api.posting import answer_post
from services.ingest.handlers.office import templates as handlers
from services.ingest.handlers.office.templates import TemplateKey, TemplateView, describe_problem
from services.ingest.handlers.reports.template_previews import (
    Preview,
    PreviewQuestion,
    get_signature,
    preview_template,
)
from shared.api.templates import (
    TemplateHead,
    TemplateIn,
    TemplateOut,
    TemplatePreviewIn,
    TemplatePreviewOut,
    TemplateProblemOut,
    TemplateRollBack,
)
from shared.schemas.templates import NAME_PATTERN, TemplateKind

ROUTER = APIRouter(prefix="/v1/templates", tags=["office"])
Name = Annotated[str, Path(pattern=NAME_PATTERN)]
_VersionQuery = Annotated[
    int | None, Query(ge=0, le=2**31 - 2, description="By default the newest; 0 is the built-in.")
]


@ROUTER.get("")
async def list_templates(call: Permitted) -> list[TemplateHead]:
    """List the templates of messages: the usual one of each kind, and those with other names."""
    async with call.context.engine.connect() as db:
        views = await handlers.list_templates(db, call.act)
    return [_show_head(view) for view in views]


@ROUTER.post("/preview")
async def show_preview(call: Permitted, body: TemplatePreviewIn) -> TemplatePreviewOut:
    """Check a template and render it with what a unit owes now. It changes nothing.

    Links and codes in it open nothing.
    """
    asked = PreviewQuestion(body.kind, body.parts.to_parts(), body.unit_id, body.audience)
    async with call.context.engine.connect() as db:
        made = await preview_template(db, call.act, asked, call.context.settings)
    return _describe_preview(made)


@ROUTER.get("/{kind}/{name}")
async def show_template(
    call: Permitted, kind: TemplateKind, name: Name, version: _VersionQuery = None
) -> TemplateOut:
    """Show a template as it is now, or a version of it."""
    async with call.context.engine.connect() as db:
        view = await handlers.view_template(db, call.act, TemplateKey(kind, name), version)
    return _show(view)


@ROUTER.get("/{kind}/{name}/versions")
async def list_versions(call: Permitted, kind: TemplateKind, name: Name) -> list[TemplateHead]:
    """List the published versions of a template, the newest first."""
    key = TemplateKey(kind, name)
    async with call.context.engine.connect() as db:
        rows = await handlers.list_versions(db, call.act, key)
    return [_show_head(TemplateView(key, row)) for row in rows]


@ROUTER.post("/{kind}/{name}", status_code=201, response_model=TemplateOut)
async def publish_template(
    call: Permitted, kind: TemplateKind, name: Name, body: TemplateIn
) -> Response:
    """Publish the next version of a template. Messages that are sent from now on have it."""

    async def run(db: AsyncConnection) -> TemplateOut:
        view = await handlers.publish_template(
            db,
            call.act,
            TemplateKey(kind, name),
            body.version,
            parts=body.parts.to_parts(),
            comment=body.note,
            signature=await get_signature(db, call.act, call.context.settings),
        )
        return _show(view)

    return await answer_post(call, run, TemplateOut, status=201)


@ROUTER.post("/{kind}/{name}/roll-back", status_code=201, response_model=TemplateOut)
async def roll_back_template(
    call: Permitted, kind: TemplateKind, name: Name, body: TemplateRollBack
) -> Response:
    """Publish the content of an earlier version as the next one; 0 is the built-in template."""

    async def run(db: AsyncConnection) -> TemplateOut:
        key = TemplateKey(kind, name)
        return _show(await handlers.roll_back(db, call.act, key, body.version, body.to))

    return await answer_post(call, run, TemplateOut, status=201)


def _show_head(view: TemplateView) -> TemplateHead:
    stored = view.stored
    return TemplateHead(
        kind=view.key.kind,
        name=view.key.name,
        version=view.version,
        built_in=view.built_in,
        note=stored.note if stored else "",
        restored_from=stored.restored_from if stored else None,
        published_by=stored.published_by if stored else "",
        published_at=stored.published_at if stored else None,
    )


def _show(view: TemplateView) -> TemplateOut:
    return TemplateOut(**_show_head(view).model_dump(), parts=view.parts)


def _describe_preview(made: Preview) -> TemplatePreviewOut:
    rendered, counts = made.rendered, made.check.sms_parts
    return TemplatePreviewOut(
        problems=[
            TemplateProblemOut.model_validate(describe_problem(problem))
            for problem in made.check.problems
        ],
        subject=rendered.subject if rendered else None,
        text=rendered.text if rendered else None,
        html=rendered.html if rendered else None,
        sms_parts=made.sms_parts,
        fewest_parts=counts[0] if counts else None,
        most_parts=counts[1] if counts else None,
        items=made.items,
    )
