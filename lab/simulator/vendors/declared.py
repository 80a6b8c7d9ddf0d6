"""The vendor of a declared gateway, played from its declaration.

It accepts what has the declared method and format, and answers in the declared places. It verifies
no signature: only the declaration says how one is made.
"""

import json
from base64 import b64decode
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, ClassVar

from typing_extensions import override

from lab.simulator.protocol import Incoming, Offered, Refusing, Reply, SimulatedVendor
from services.notifier.gateways.vendors.declared import Declared

_WORDS: Mapping[Refusing, tuple[str, ...]] = {
    Refusing.THROTTLED: ("throttled", "transient"),
    Refusing.BAD_NUMBER: ("bad-address", "permanent"),
}


class SimulatedDeclared(SimulatedVendor):
    """A declaration's vendor."""

    NAME = "declared"
    CREDENTIALS: ClassVar = {"declaration": None}
    SIGNED = False

    def __init__(self, declaration: Declared) -> None:
        super().__init__({"declaration": declaration})
        self._declaration = declaration

    @property
    def has_receipts(self) -> bool:
        """Whether the declaration says how they look."""
        return self._declaration.receipts is not None

    @override
    def read(self, incoming: Incoming) -> Offered | Reply:
        form = self._declaration.request
        if incoming.method != form.method:
            return self._answer("wrong-method", status=405)
        body = incoming.body
        try:
            if form.format == "base64-json" and body:
                json.loads(b64decode(body, validate=True))
            elif form.format == "json" and body:
                json.loads(body)
        except ValueError:
            return self._answer("wrong-format", status=400)
        text = body.decode("utf-8", "replace") or str(incoming.parameters)
        return Offered(("declared",), text)

    @override
    def accept(self, offered: Offered, message_id: str, refused: Iterable[str] = ()) -> Reply:
        return self._answer(self._declaration.answer.success[0], message_id)

    @override
    def can_refuse(self, why: Refusing) -> bool:
        return why is Refusing.FAILING or self._find_code(why) is not None

    def _find_code(self, why: Refusing) -> str | None:
        codes = {str(name): listed for name, listed in self._declaration.answer.codes.items()}
        listed = [code for word in _WORDS[why] for code in codes.get(word, ())]
        return listed[0].replace("*", "") if listed else None

    @override
    def refuse(self, why: Refusing, offered: Offered) -> Reply:
        code = None if why is Refusing.FAILING else self._find_code(why)
        return self._answer(code or "simulated-failure")

    def _answer(self, code: str, message_id: str = "", status: int = 200) -> Reply:
        form = self._declaration.answer
        places = {form.code: code, form.text: "simulated"}
        if message_id and form.message_id:
            places[form.message_id] = message_id
        whole: Any = {}
        for path, value in places.items():
            if path:
                whole = put_at(whole, path.split("."), value)
        return Reply.of(whole, status)

    @override
    def make_receipt(self, number: str, message_id: str, now: datetime) -> Reply | None:
        form = self._declaration.receipts
        if form is None:
            return None
        report: Any = {}
        places = {form.message_id: message_id, form.status: form.delivered[0]}
        if form.address:
            places[form.address] = number
        for path, value in places.items():
            report = put_at(report, path.split("."), value)
        return Reply.of(put_at({}, form.each.split("."), [report]) if form.each else report)


def put_at(content: Any, path: list[str], value: object) -> Any:  # noqa: ANN401 - any JSON
    """JSON with a value at a place; numbers are entries of lists."""
    if not path:
        return value
    first, rest = path[0], path[1:]
    if first.isdigit() and not (isinstance(content, dict) and content):
        listed = list(content) if isinstance(content, list) else []
        listed += [{}] * (int(first) + 1 - len(listed))
        listed[int(first)] = put_at(listed[int(first)], rest, value)
        return listed
    fields = dict(content) if isinstance(content, dict) else {}
    fields[first] = put_at(fields.get(first, {}), rest, value)
    return fields
