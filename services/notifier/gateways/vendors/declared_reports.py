"""What a declared gateway pushes: reports at the places that the description names, and signed."""

import hmac
from collections.abc import Mapping
from typing import Any

from services.notifier.gateways.exchange import Push, Receipt
from services.notifier.gateways.signing import is_recent
from services.notifier.gateways.vendors.bodies import get_objects
from services.notifier.gateways.vendors.declaration import PushSigning, ReceiptForm, sign_text
from services.notifier.gateways.vendors.pushes import decode_push
from services.notifier.gateways.vendors.templates import find_at


def is_push_signed(signing: PushSigning, push: Push, secrets: Mapping[str, str]) -> bool:
    """Whether a push has the signature that is described; `secrets` by `secret.NAME`."""
    values = {**secrets, "body": push.body.decode("utf-8", "replace")}
    if signing.timestamp:
        values["seconds"] = push.headers.get(signing.timestamp.lower(), "")
        if not is_recent(values["seconds"], push.at):
            return False
    offered = push.headers.get(signing.header.lower(), "")
    return hmac.compare_digest(offered.encode(), sign_text(signing, values).encode())


def read_reports(form: ReceiptForm, body: bytes) -> list[Receipt]:
    """The reports of a push that have a message and a status."""
    content = decode_push(body)
    reports = get_objects(find_at(content, form.each) if form.each else content)
    return [receipt for each in reports if (receipt := _read_report(form, each))]


def _read_report(form: ReceiptForm, report: dict[str, Any]) -> Receipt | None:
    message_id, status = (
        show_scalar(find_at(report, form.message_id)),
        show_scalar(find_at(report, form.status)),
    )
    if not message_id or status is None:
        return None
    address = (show_scalar(find_at(report, form.address)) if form.address else "") or ""
    delivered = None if status in form.waiting else status in form.delivered
    return Receipt(message_id, address, delivered, status)


def show_scalar(value: object) -> str | None:
    """A scalar of JSON as the description writes it: `true`, `0`, `OK`."""
    match value:
        case bool():
            return "true" if value else "false"
        case str() | int() | float():
            return str(value)
        case _:
            return None
