"""The office's own templates of messages: shown, published as the next version, rolled back.

Version 0 of each template is the built-in one.
"""

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection
from typing_extensions import override

from services.ingest.domain.refusals import Fault, RefusedError
from services.ingest.handlers.acting import Act, note, tell
from services.ingest.store import offices
from services.ingest.store import templates as store
from services.ingest.store.templates import StoredTemplate
from shared.marked.problems import TextProblem
from shared.messages.templates.builtin import BUILT_IN
from shared.messages.templates.checking import check_template
from shared.schemas.office_events import TemplatePublished
from shared.schemas.templates import STANDARD, TemplateKind, TemplateParts

MOST = 20
"""Templates of one kind."""
_VERSIONS = 200
"""Versions of a template that are listed."""


@dataclass(frozen=True, slots=True)
class TemplateKey:
    """Which template: its kind, and its name among those of the kind."""

    kind: TemplateKind
    name: str

    @override
    def __str__(self) -> str:
        """As the journal names it."""
        return f"{self.kind}/{self.name}"


@dataclass(frozen=True, slots=True)
class TemplateView:
    """A template as it is now; `stored` is None before the office published any version of it."""

    key: TemplateKey
    stored: StoredTemplate | None

    @property
    def version(self) -> int:
        """The number of its newest version."""
        return self.stored.version if self.stored else 0

    @property
    def parts(self) -> TemplateParts:
        """What is used: the office's own parts, or the built-in ones."""
        if self.stored is None or self.stored.parts is None:
            return BUILT_IN[self.key.kind]
        return TemplateParts.model_validate(self.stored.parts)

    @property
    def built_in(self) -> bool:
        """Whether the built-in template is used."""
        return self.stored is None or self.stored.parts is None


async def list_templates(db: AsyncConnection, act: Act) -> list[TemplateView]:
    """All templates: the usual one of each kind, and those with a name of their own."""
    stored = await store.list_current(db, act.office_id)
    views = {
        key: TemplateView(key, each)
        for each in stored
        for key in [TemplateKey(each.kind, each.name)]
    }
    usual = (TemplateKey(kind, STANDARD) for kind in TemplateKind)
    views |= {key: TemplateView(key, None) for key in usual if key not in views}
    order = list(TemplateKind)
    return sorted(views.values(), key=lambda view: (order.index(view.key.kind), *_sort(view.key)))


def _sort(key: TemplateKey) -> tuple[bool, str]:
    return key.name != STANDARD, key.name


async def view_template(
    db: AsyncConnection, act: Act, key: TemplateKey, version: int | None = None
) -> TemplateView:
    """A template as it is now, or a version of it; 0 is the built-in one.

    Raises:
        RefusedError: there is no such template or version.
    """
    if version == 0:
        return TemplateView(key, None)
    stored = await store.find_template(db, act.office_id, key.kind, key.name, version)
    if stored is None and (version is not None or key.name != STANDARD):
        raise RefusedError(
            Fault.NOT_FOUND,
            "没有这个模板或版本。There is no such template or version.",
            "请看模板列表（`GET /v1/templates`）。See the list (`GET /v1/templates`).",
        )
    return TemplateView(key, stored)


async def list_versions(db: AsyncConnection, act: Act, key: TemplateKey) -> list[StoredTemplate]:
    """The versions of a template, the newest first."""
    return await store.list_versions(db, act.office_id, key.kind, key.name, _VERSIONS)


async def publish_template(
    db: AsyncConnection,
    act: Act,
    key: TemplateKey,
    version: int,
    *,
    parts: TemplateParts,
    comment: str,
    signature: str,
) -> TemplateView:
    """Publish the next version of a template, which replaces `version`.

    Raises:
        RefusedError: it has faults, somebody published another version meanwhile, or there are too
            many templates.
    """
    check = await asyncio.to_thread(check_template, key.kind, parts, signature)
    if check.problems:
        raise make_unsound_error(check.problems)
    await _lock(db, act, key, version)
    present = await store.list_current(db, act.office_id)
    names = {each.name for each in present if each.kind == key.kind}
    if key.name not in names and len(names) >= MOST:
        raise RefusedError(
            Fault.CONFLICT,
            f"这类模板已有 {MOST} 个。There are {MOST} templates of this kind already.",
            "请用已有的名称。Use one of their names.",
        )
    return await _publish(db, act, key, version, parts=parts, comment=comment)


async def roll_back(
    db: AsyncConnection, act: Act, key: TemplateKey, version: int, to: int
) -> TemplateView:
    """Publish an earlier version's content as the next one, in the place of `version`.

    Raises:
        RefusedError: there is no such version, or somebody published another one meanwhile.
    """
    await _lock(db, act, key, version)
    earlier = await view_template(db, act, key, to)
    parts = None if earlier.built_in else earlier.parts
    comment = earlier.stored.note if earlier.stored else ""
    return await _publish(db, act, key, version, parts=parts, comment=comment, restored_from=to)


async def _lock(db: AsyncConnection, act: Act, key: TemplateKey, version: int) -> None:
    """Lock the office's templates, and make sure that a version is the newest one."""
    await offices.lock_office(db, act.office_id)
    stored = await store.find_template(db, act.office_id, key.kind, key.name)
    newest = stored.version if stored else 0
    if newest != version:
        raise RefusedError(
            Fault.CONFLICT,
            f"模板已有第 {newest} 版，您修改的是第 {version} 版。"
            "Somebody published another version meanwhile.",
            "请重新查看模板再修改（`GET /v1/templates`）。"
            "Look at it again (`GET /v1/templates`), then change it.",
        )


async def _publish(
    db: AsyncConnection,
    act: Act,
    key: TemplateKey,
    version: int,
    *,
    parts: TemplateParts | None,
    comment: str,
    restored_from: int | None = None,
) -> TemplateView:
    before = await store.find_template(db, act.office_id, key.kind, key.name)
    stored = StoredTemplate(
        kind=key.kind,
        name=key.name,
        version=version + 1,
        parts=parts.model_dump() if parts else None,
        note=comment,
        restored_from=restored_from,
        published_by=act.actor,
        published_at=act.now,
    )
    await store.add_template(db, act.office_id, stored)
    event = TemplatePublished(
        office_id=act.office_id, kind=key.kind, name=key.name, number=stored.version, parts=parts
    )
    await tell(db, act, event, act.office_id, key.kind, key.name, stored.version)
    action = "template.published" if restored_from is None else "template.rolled-back"
    earlier = _describe(before) if before else {"version": 0}
    await note(db, act, action, key, before=earlier, after=_describe(stored))
    return TemplateView(key, stored)


def _describe(stored: StoredTemplate) -> dict[str, Any]:
    """A version as the journal has it: the versions themselves are kept, so of the parts a hash."""
    parts = stored.parts or {}
    digests = {name: hashlib.sha256(source.encode()).hexdigest() for name, source in parts.items()}
    return {"version": stored.version, "note": stored.note, "sha256": digests} | (
        {} if stored.restored_from is None else {"restored_from": stored.restored_from}
    )


def make_unsound_error(problems: Sequence[TextProblem]) -> RefusedError:
    """The refusal of a template with faults: all of them, each with its part and line."""
    first = problems[0]
    place = f"{first.path} 第 {first.mark.line} 行：{first.message}"
    return RefusedError(
        Fault.INVALID,
        "模板有误，改好后才能发布。The template has faults, and must be corrected first.",
        place,
        [describe_problem(problem) for problem in problems],
    )


def describe_problem(problem: TextProblem) -> dict[str, Any]:
    """A fault as plain values."""
    return {
        "where": f"{problem.path}:{problem.mark.line}",
        "part": problem.path,
        "line": problem.mark.line,
        "code": problem.code,
        "message": problem.message,
        "hint": problem.hint,
    }
