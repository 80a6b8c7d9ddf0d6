"""The check of the processes' health ports: each says what is wrong with it."""

import asyncio
from collections.abc import Mapping
from typing import Any

from aiohttp import ClientError, ClientSession, ClientTimeout

from deploy.doctor.checking import CheckState, Finding, Report
from deploy.terminal.language import _

_WITHIN = ClientTimeout(total=5)


async def check_readiness(addresses: Mapping[str, str]) -> Report:
    """What each health port answers.

    Args:
        addresses: `http://host:port` by the process's name.
    """
    if not addresses:
        saw = _("No address of a health port is known.")
        todo = _("Name them: CUIBAN_HEALTH='ingest=http://host:9100 …', or `--health`.")
        return [Finding("readiness", "", CheckState.SKIPPED, saw, todo)]
    async with ClientSession(timeout=_WITHIN) as session:
        return await asyncio.gather(
            *(_ask(session, name, address) for name, address in addresses.items())
        )


async def _ask(session: ClientSession, name: str, address: str) -> Finding:
    try:
        async with session.get(f"{address}/health/ready") as answer:
            answered = await answer.json()
    except (ClientError, OSError, TimeoutError, ValueError) as error:
        saw = _("{address} does not answer ({error}).").format(
            address=address, error=type(error).__name__
        )
        todo = _("Start the process; if it ends at once, its last log line says why.")
        return Finding("readiness", name, CheckState.FAILED, saw, todo, away=True)
    return judge_answer(name, answered)


def judge_answer(name: str, answered: Mapping[str, Any]) -> Finding:
    """The finding about what a process answered: status, warnings, and by name what is wrong."""
    wrong = {key: text for key, text in answered.items() if key not in {"status", "warnings"}}
    warnings: Mapping[str, Any] = answered.get("warnings", {})
    if not wrong and not warnings:
        return Finding("readiness", name, CheckState.OK, _("ready"))
    saw = "; ".join(f"{key}: {text}" for key, text in {**wrong, **warnings}.items())
    todo = _("Do what the text names; the handbook's table of readiness explains each word.")
    return Finding("readiness", name, CheckState.FAILED if wrong else CheckState.WARNING, saw, todo)
