"""送达证明: downloaded where a unit or an obligation is looked at; the file verifies by itself."""

import asyncio
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from shared.proof.hashing import Algorithm
from shared.proof.manifest import ProofRequest
from shared.proof.verifying import verify_proof
from tests.integration.console.desk import Desk, take_picture

pytestmark = pytest.mark.integration


def verify(file: Path) -> ProofRequest:
    with file.open("rb") as opened:
        result = verify_proof(opened)
    assert result.flaw is None
    assert result.request is not None
    return result.request


async def download(page: Page) -> ProofRequest:
    async with page.expect_download() as started:
        await page.get_by_role("button", name="下载").click()
    done = await started.value
    assert done.suggested_filename.startswith("送达证明-")
    return await asyncio.to_thread(verify, Path(await done.path()))


async def test_a_proof_is_downloaded_from_a_unit_an_obligation_and_the_directory(
    desk: Desk,
) -> None:
    await desk.api.publish_plan()
    item = (await desk.api.list_ledger())[0]
    page = await desk.sign_in("approver")
    await page.goto(f"/units/{item['unit_id']}")
    await page.get_by_role("link", name="送达证明").click()
    await take_picture(page, "proof")
    await page.get_by_label("从").fill("2023-01-01")
    await page.get_by_label("哈希算法").select_option("SM3")
    request = await download(page)
    assert (request.unit_id, request.first) == (item["unit_id"], "2023-01-01")
    assert request.algorithm is Algorithm.SM3
    await page.goto(f"/ledger/{item['obligation_id']}")
    await page.get_by_role("link", name="送达证明").click()
    assert (await download(page)).obligation_id == item["obligation_id"]
    await page.goto("/units")
    await page.get_by_role("link", name="送达证明").click()
    assert (await download(page)).unit_id == ""


async def test_a_period_that_ends_before_it_begins_is_refused_in_words(desk: Desk) -> None:
    page = await desk.sign_in("approver")
    await page.goto("/units/proof.zip?from=2023-02-01&to=2023-01-01")
    await expect(page.get_by_text("起始日晚于截止日")).to_be_visible()


async def test_who_may_not_read_the_journal_is_offered_no_proof(desk: Desk) -> None:
    page = await desk.sign_in("viewer")
    await page.goto("/units")
    await expect(page.get_by_role("heading", name="单位")).to_be_visible()
    await expect(page.get_by_role("link", name="送达证明")).to_have_count(0)
