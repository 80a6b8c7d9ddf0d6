"""Who reports for the duties of several units: the setting of a plan, or of one measure of it."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.domain.refusals import Fault, RefusedError
from services.ingest.handlers.acting import Act, note
from services.ingest.handlers.plans.plans import get_plan
from services.ingest.store import plans as store
from shared.schemas.life import Joint


@dataclass(frozen=True, slots=True)
class JointSetting:
    """Who reports for a plan's joint duties, or for those of the measure `ref`.

    `joint` None: a measure is as its plan says, a plan as the office's settings say.
    """

    plan_id: UUID
    ref: str | None
    joint: Joint | None


async def set_joint(db: AsyncConnection, act: Act, wanted: JointSetting) -> JointSetting:
    """Say who reports; it holds for every report from now on. The same again changes nothing.

    Raises:
        RefusedError: no such plan or measure.
    """
    plan = await get_plan(db, act, wanted.plan_id, lock=True)
    if wanted.ref is None:
        subject, present, kind = plan.plan_id, plan.joint, "plan"
    else:
        measures = {each.ref: each for each in await store.list_measures(db, plan.plan_id)}
        if wanted.ref not in measures:
            raise RefusedError(
                Fault.NOT_FOUND,
                f"任务表中没有第 {wanted.ref} 项。The plan has no such measure.",
                f"请核对序号。Check the number in the plan (`GET /v1/plans/{plan.plan_id}`).",
            )
        measure = measures[wanted.ref]
        subject, present, kind = measure.measure_id, measure.joint, "measure"
    if present is wanted.joint:
        return wanted
    if wanted.ref is None:
        await store.update_plan(db, subject, {"joint": wanted.joint})
    else:
        await store.update_measure(db, subject, {"joint": wanted.joint})
    before, after = {"joint": present}, {"joint": wanted.joint, "ref": wanted.ref}
    await note(db, act, f"{kind}.joint-changed", subject, before=before, after=after)
    return wanted
