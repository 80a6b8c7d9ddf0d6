"""Load on a page by locust, in a process of its own."""

import asyncio
import json
import os
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from shared.errors import CuibanError

_USERS = 16


@dataclass(frozen=True, slots=True)
class Load:
    """What locust measured: requests a second, and the 95th percentile in milliseconds."""

    rate: float
    slow: float
    requests: int


async def put_load_on(address: str, path: str, cookie: str, requests: int) -> Load:
    """Ask for a page by 16 readers at once, until so many requests are answered.

    Raises:
        CuibanError: locust is not installed, or a request failed.
    """
    if find_spec("locust") is None:
        raise CuibanError("locust is not installed.", "It is in requirements/dev.txt.")
    file = Path(__file__).with_name("load_list.py")
    options = ["--headless", "--json", "--skip-log", "--users", str(_USERS)]
    options += ["--spawn-rate", str(_USERS), "--host", address]
    wanted = {"PATH": path, "COOKIE": cookie, "REQUESTS": str(requests)}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "locust", "-f", str(file), *options),
        env={**os.environ, **{f"CUIBAN_LOAD_{name}": value for name, value in wanted.items()}},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        output, complaints = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        raise CuibanError(f"locust failed: {complaints.decode()[-500:]} {output.decode()[-500:]}")
    return _read(json.loads(output))


def _read(rows: list[dict[str, object]]) -> Load:
    """The only row of locust's statistics."""
    (row,) = rows
    times = {float(key): int(number) for key, number in dict(row["response_times"]).items()}  # type: ignore[call-overload]
    number = sum(times.values())
    seconds = float(str(row["last_request_timestamp"])) - float(str(row["start_time"]))
    seen, slow = 0, 0.0
    for slow in sorted(times):
        seen += times[slow]
        if seen >= number * 0.95:
            break
    return Load(number / seconds, slow, number)
