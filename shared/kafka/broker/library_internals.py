"""Checks the internals of libraries that this program replaces.

A library may rename an internal in any release, and the replacement would then have no effect. So
each service checks at its start that the release is the expected one and has the internals.
"""

import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from shared.errors import CuibanError


@dataclass(frozen=True, slots=True)
class Internal:
    """An attribute of a module or class; `parameters` is None unless it is a function."""

    owner: object
    name: str
    parameters: tuple[str, ...] | None = None


def require_internals(package: str, wanted: str, parts: Sequence[Internal]) -> None:
    """Make sure that a package has the wanted version, and the internals that are replaced.

    Raises:
        CuibanError: it does not; names the package, its version, and what is missing.
    """
    hint = f"Install {package} {wanted}, as requirements/base.txt has it."
    try:
        installed = version(package)
    except PackageNotFoundError as error:
        raise CuibanError(f"{package} is not installed.", hint) from error
    if installed != wanted:
        raise CuibanError(
            f"{package} {installed} is installed; Cuiban replaces internals of {wanted}.", hint
        )
    for part in parts:
        if not _is_there(part):
            owner = getattr(part.owner, "__name__", str(part.owner))
            raise CuibanError(
                f"{package} {installed} has no {owner}.{part.name} as expected.", hint
            )


def _is_there(part: Internal) -> bool:
    if part.parameters is None:
        classes = inspect.getmro(part.owner) if inspect.isclass(part.owner) else ()
        is_annotated = any(part.name in vars(each).get("__annotations__", {}) for each in classes)
        return is_annotated or hasattr(part.owner, part.name)
    function = getattr(part.owner, part.name, None)
    return callable(function) and tuple(inspect.signature(function).parameters) == part.parameters
