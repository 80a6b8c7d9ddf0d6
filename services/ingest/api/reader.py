"""The process that reads one file: `python -m … FUNCTION SECONDS BYTES NAME`.

FUNCTION is `module:name` of a function from a file's name and bytes to a type that pydantic knows.
The file is standard input. Standard output gets a line with the kind of the answer, then the
answer as JSON. The process limits its own memory and time, so it ends even if it is not killed.
"""

import importlib
import json
import os
import resource
import signal
import sys
import traceback
from collections.abc import Callable
from typing import Any, get_type_hints

from pydantic import TypeAdapter

from services.ingest.documents.errors import DocumentError
from services.ingest.extraction.models import WHOLE
from shared.errors import CuibanError

_GRACE = 5  # seconds after its time at which it ends by itself
_LONGEST_ANSWER = 64 * 2**20


def _limit(seconds: int, memory: int) -> None:
    for kind, most in (
        (resource.RLIMIT_DATA, memory),
        (resource.RLIMIT_CPU, seconds + _GRACE),
        (resource.RLIMIT_FSIZE, _LONGEST_ANSWER),
        (resource.RLIMIT_CORE, 0),
    ):
        hard = resource.getrlimit(kind)[1]
        limit = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (limit, limit))
    signal.alarm(seconds + _GRACE)


def _load_function(reference: str) -> Callable[[str, bytes], Any]:
    module, _, name = reference.partition(":")
    read: Callable[[str, bytes], Any] = getattr(importlib.import_module(module), name)
    return read


def _read_input() -> bytes:
    """The whole of standard input, whatever position the caller's handle has."""
    size, parts, at = os.fstat(0).st_size, [], 0
    while at < size and (part := os.pread(0, size - at, at)):
        parts.append(part)
        at += len(part)
    return b"".join(parts)


def _answer(reference: str, name: str) -> tuple[str, bytes]:
    try:
        read = _load_function(reference)
        result = read(name, _read_input())
        adapter = TypeAdapter(get_type_hints(read)["return"])
        return "read", adapter.dump_json(result, context=WHOLE)
    except DocumentError as error:
        return "document", json.dumps([error.code.value, error.detail]).encode()
    except CuibanError as error:
        fault, details = getattr(error, "fault", ""), list(getattr(error, "details", ()))
        return "refused", json.dumps([fault, error.message, error.hint, details]).encode()
    except MemoryError:
        return "memory", b""
    except Exception:  # noqa: BLE001 - the caller gets an answer to any bytes
        return "failed", traceback.format_exc()[-8000:].encode("utf-8", "replace")


def main() -> None:
    """Read the file of standard input with the function and limits of the arguments."""
    reference, seconds, memory, name = sys.argv[1:]
    _limit(int(seconds), int(memory))
    kind, answer = _answer(reference, name)
    with open(1, "wb", closefd=False) as out:
        out.write(kind.encode() + b"\n" + answer)


if __name__ == "__main__":
    main()
