"""Parts of libraries that are not public, and that this program changes: are they still there?

A library may rename such a part in any release, and then the change would quietly do nothing. So
each service looks for them when it starts, in the very version that they were written for.
"""

import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from shared.errors import CuibanError


@dataclass(frozen=True, slots=True)
class Internal:
    """An attribute of a module or class; `parameters` are a function's, None for what is none."""

    owner: object
    name: str
    parameters: tuple[str, ...] | None = None


def require_internals(package: str, wanted: str, parts: Sequence[Internal]) -> None:
    """Make sure that a package has a version and the parts that the program changes.

    Raises:
        CuibanError: it has not; names the package, its version, and what is missing.
    """
    hint = f"Install {package} {wanted}, as requirements/base.txt has it."
    try:
        found = version(package)
    except PackageNotFoundError as error:
        raise CuibanError(f"{package} is not installed.", hint) from error
    if found != wanted:
        raise CuibanError(
            f"{package} {found} is installed; Cuiban changes inner parts of {wanted}.", hint
        )
    for part in parts:
        if not _is_there(part):
            owner = getattr(part.owner, "__name__", str(part.owner))
            raise CuibanError(f"{package} {found} has no {owner}.{part.name} as expected.", hint)


def _is_there(part: Internal) -> bool:
    if part.parameters is None:
        classes = inspect.getmro(part.owner) if inspect.isclass(part.owner) else ()
        told = any(part.name in vars(each).get("__annotations__", {}) for each in classes)
        return told or hasattr(part.owner, part.name)
    function = getattr(part.owner, part.name, None)
    return callable(function) and tuple(inspect.signature(function).parameters) == part.parameters
