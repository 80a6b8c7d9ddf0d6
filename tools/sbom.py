"""Writes what the production image contains beside Python and Debian, as CycloneDX 1.6.

`python -m tools.sbom FILE` takes the distributions of `requirements/base.txt` that Linux with
CPython 3.11 installs, as `deploy/Dockerfile` does, with versions, hashes and licences. The same
lock gives the same file.
"""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement

from tools.licences import LOCK, ROOT, find_licence

_ENTRY = re.compile(r"^(?=[a-z0-9])", re.MULTILINE)
_IMAGE = {
    "implementation_name": "cpython",
    "os_name": "posix",
    "platform_machine": "x86_64",
    "platform_python_implementation": "CPython",
    "platform_system": "Linux",
    "python_full_version": "3.11.0",
    "python_version": "3.11",
    "sys_platform": "linux",
}
"""The markers of `deploy/Dockerfile`'s base image."""


def select_installed(lock: str) -> dict[str, str]:
    """The entries of a lock that the image installs, with their hashes, by name."""
    chosen = {}
    for entry in filter(str.strip, _ENTRY.split(lock)):
        requirement = Requirement(entry.partition("\\")[0].strip())
        if requirement.marker is None or requirement.marker.evaluate(_IMAGE):
            chosen[requirement.name] = entry
    return chosen


def build(entries: dict[str, str]) -> dict[str, Any]:
    """The list as CycloneDX, with the licence of each distribution.

    Raises:
        subprocess.CalledProcessError: an entry can't be read, or the list is not valid.
        UnknownLicenceError: a distribution does not say its licence.
    """
    done = subprocess.run(  # noqa: S603 - our own interpreter, and the lock
        [
            *(sys.executable, "-m", "cyclonedx_py", "requirements", "-"),
            *("--pyproject", str(ROOT / "pyproject.toml"), "--mc-type", "application"),
            *("--spec-version", "1.6", "--output-format", "JSON", "--output-reproducible"),
            *("--short-PURLs", "--validate"),
        ],
        input="".join(entries.values()),
        capture_output=True,
        text=True,
        check=True,
    )
    listed: dict[str, Any] = json.loads(done.stdout)
    for component in listed["components"]:
        del component["description"]  # the entry of the lock again
        component["licenses"] = [{"expression": find_licence(component["name"])}]
    return listed


def main(arguments: list[str]) -> int:
    """Write the file; returns the exit status."""
    if len(arguments) != 1:
        print("Name the file: python -m tools.sbom build/sbom.cdx.json")
        return 2
    listed = build(select_installed(LOCK.read_text(encoding="utf-8")))
    file = Path(arguments[0])
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(listed, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"{file}: {len(listed['components'])} distributions")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
