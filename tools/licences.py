"""Lists the licences of what the production image contains (`docs/licences.md`).

`python -m tools.licences` reads `requirements/base.txt` and what each installed distribution says
of itself, and compares the list with the file; exit status 1 when it differs, or when a licence is
not accepted. `--write` writes the file. A licence is an SPDX expression.
"""

import re
import sys
from collections.abc import Iterable, Iterator
from importlib.metadata import PackageMetadata, metadata
from pathlib import Path

from packaging.licenses import canonicalize_license_expression
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
LOCK, LIST = ROOT / "requirements" / "base.txt", ROOT / "docs" / "licences.md"
ACCEPTED = frozenset(
    [
        *("0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC"),
        *("MIT", "MIT-0", "MIT-CMU", "MPL-2.0", "PSF-2.0"),
    ]
)
"""Licences under which an office may use and pass on the whole: none asks for the source of what
is written beside it. MPL-2.0 asks for that of its own files, which are not changed."""
_BY_CLASSIFIER = {
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD-3-Clause",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
}
_BY_DISTRIBUTION = {
    "protobuf": "BSD-3-Clause",
    "pypdfium2": "BSD-3-Clause AND Apache-2.0",  # its own, and PDFium's
    "venusian": "BSD-3-Clause",  # the Repoze Public License is BSD with a clause on its marks
}
"""What a distribution says in words that are no SPDX expression, read by a person."""
_NAME = re.compile(r"^[a-z0-9][^;\\ ]*(?: *;[^\\]*)?", re.MULTILINE)
_JOINTS = re.compile(r" AND | OR ")
_HEAD = """# Licences

What the production image contains beside Cuiban (Apache-2.0), by `requirements/base.txt`, with the
licence that each distribution states. `make check` compares this list with the lock and refuses a
licence that is not one of `tools/licences.py::ACCEPTED`; `make licences` writes it.

| distribution | licence |
|---|---|
"""


class UnknownLicenceError(Exception):
    """A distribution does not say its licence in a form that is understood."""


def list_locked(lock: str) -> Iterator[str]:
    """The distributions of a lock that this platform installs."""
    for line in _NAME.findall(lock):
        requirement = Requirement(line)
        if requirement.marker is None or requirement.marker.evaluate():
            yield requirement.name


def find_licence(name: str) -> str:
    """The licence of an installed distribution, as an SPDX expression.

    Raises:
        UnknownLicenceError: it states none, or one without an SPDX name.
    """
    if name in _BY_DISTRIBUTION:
        return _BY_DISTRIBUTION[name]
    stated = metadata(name)
    if "License-Expression" in stated:
        return str(canonicalize_license_expression(stated["License-Expression"]))
    classifiers = [each.split(" :: ") for each in stated.get_all("Classifier", ())]
    named = {words[-1] for words in classifiers if words[0] == "License"} - {"OSI Approved"}
    try:
        if named:
            return " OR ".join(sorted(_BY_CLASSIFIER[each] for each in named))
        return str(canonicalize_license_expression(_get_words(stated)))
    except (KeyError, ValueError) as error:
        raise UnknownLicenceError(
            f"{name}: what is its licence? Read it, and add it to tools/licences.py."
        ) from error


def _get_words(stated: PackageMetadata) -> str:
    """The text of the field `License`, empty without one."""
    return stated["License"] if "License" in stated else ""  # noqa: SIM401 - it has no `get`


def list_refused(licences: Iterable[tuple[str, str]]) -> list[str]:
    """The distributions with a licence that is not accepted; of `A OR B` one suffices."""
    return [
        f"{name}: {licence} is not an accepted licence."
        for name, licence in licences
        if not any(map(_is_accepted, [licence] if "(" in licence else licence.split(" OR ")))
    ]


def _is_accepted(expression: str) -> bool:
    """Whether every part is accepted; within brackets a choice counts as all its parts."""
    return all(part.strip("() ") in ACCEPTED for part in _JOINTS.split(expression))


def main(arguments: list[str]) -> int:
    """Compare or write the list; returns the exit status."""
    names = list_locked(LOCK.read_text(encoding="utf-8"))
    try:
        licences = [(name, find_licence(name)) for name in sorted(names)]
    except UnknownLicenceError as error:
        print(error)
        return 1
    refused = list_refused(licences)
    written = _HEAD + "".join(f"| {name} | {licence} |\n" for name, licence in licences)
    if "--write" in arguments:
        LIST.write_text(written, encoding="utf-8")
    elif LIST.read_text(encoding="utf-8") != written:
        refused.append("docs/licences.md is not the list of the lock: `make licences`.")
    print("\n".join(refused) or f"{len(licences)} licences: all are accepted.")
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
