"""A gateway over HTTP that is described in the file alone, without code.

The description says how a request looks and is signed, where success stands in the answer, what the
codes mean, and how receipts look.
"""

from base64 import b64encode
from datetime import timedelta, timezone
from typing import ClassVar, Literal, Self
from urllib.parse import urlencode

from pydantic import Field, model_validator
from typing_extensions import override

from services.notifier.domain.message import Message
from services.notifier.domain.retry import WhenUnknown
from services.notifier.domain.verdicts import CodeTable, Reading, Verdict
from services.notifier.gateways.exchange import (
    Push,
    Receipt,
    VendorAnswer,
    VendorCall,
    VendorRequest,
)
from services.notifier.gateways.vendors.base import (
    HttpVendor,
    Secret,
    encode_json,
    find_mobile,
    get_mobile,
    remove_signature,
)
from services.notifier.gateways.vendors.bodies import parse_json, read_status, read_unclear
from services.notifier.gateways.vendors.declaration import (
    AnswerForm,
    ReceiptForm,
    RequestForm,
    Signing,
    sign_text,
)
from services.notifier.gateways.vendors.declared_reports import (
    is_push_signed,
    read_reports,
    show_scalar,
)
from services.notifier.gateways.vendors.templates import (
    SECRET,
    clean_header,
    fill_template,
    fill_tree,
    find_at,
    list_names,
    list_tree_texts,
)
from shared.schemas.rules import Channel

_CHINA = timezone(timedelta(hours=8))
_TYPES = {
    "json": "application/json; charset=utf-8",
    "form": "application/x-www-form-urlencoded; charset=utf-8",
    "text": "text/plain; charset=utf-8",
    "base64-json": "text/plain; charset=utf-8",
}


class Declared(HttpVendor):
    """A gateway that is described in the file. `secrets` are used as `{secret.NAME}`."""

    SIGNED: ClassVar = False

    vendor: Literal["declared"]
    when_unknown: WhenUnknown = WhenUnknown.HOLD
    secrets: dict[str, Secret] = Field(default={}, max_length=20)
    request: RequestForm
    signature: Signing | None = None
    answer: AnswerForm
    receipts: ReceiptForm | None = None

    @model_validator(mode="after")
    def check_names(self) -> Self:
        """Refuse a secret that is not listed, and a signature that is not described."""
        signing = self.signature
        texts = [*self.request.query.values(), *self.request.headers.values()]
        texts += list_tree_texts(self.request.body)
        of_push = self.receipts.signature if self.receipts else None
        for each in (signing, of_push):
            texts += [each.text, each.key] if each else []
        names = {name for text in texts for name in list_names(text)}
        for name in sorted(names):
            if name.startswith(SECRET) and name.removeprefix(SECRET) not in self.secrets:
                raise ValueError(f"secrets 里没有 {name}。The secret {name} is not listed.")
        if "signature" in names and signing is None:
            raise ValueError("没有写 signature 的算法。The signature is not described.")
        if signing and "body" in list_names(signing.text):
            inside = [list_names(text) for text in list_tree_texts(self.request.body)]
            if any("signature" in each for each in inside):
                raise ValueError(
                    "请求体里有签名，不能再签整个请求体。The body has the signature that signs it."
                )
        return self

    @override
    def build_request(self, message: Message, call: VendorCall) -> VendorRequest:
        """The body is built first when it is signed, else the signature."""
        form, values = self.request, self._collect_values(message, call)
        signing = self.signature
        signs_body = signing is not None and "body" in list_names(signing.text)
        body = self._build_body(values) if signs_body else b""
        if signing:
            values["body"] = body.decode()
            values["signature"] = sign_text(signing, values)
        if not signs_body:
            body = self._build_body(values)
        headers = {"content-type": _TYPES[form.format]} if form.method != "GET" else {}
        for name, template in form.headers.items():
            headers[name.lower()] = clean_header(fill_template(template, values))
        query = {name: fill_template(each, values) for name, each in form.query.items()}
        join = "&" if "?" in form.url else "?"
        url = f"{form.url}{join}{urlencode(query, errors='replace')}" if query else form.url
        return VendorRequest(url, body, headers, form.method)

    def _collect_values(self, message: Message, call: VendorCall) -> dict[str, str]:
        text = message.content.text
        mobile = get_mobile(message) if self.channel is Channel.SMS else ""
        return {
            "address": message.address,
            "mobile": mobile or find_mobile(message.address),
            "text": text,
            "plain_text": remove_signature(text),
            "subject": message.content.subject,
            "unit": message.unit,
            "id": str(message.notification_id),
            "seconds": str(int(call.now.timestamp())),
            "milliseconds": str(int(call.now.timestamp() * 1000)),
            "utc": call.now.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "local": call.now.astimezone(_CHINA).strftime("%Y%m%d%H%M%S"),
            "nonce": call.nonce,
            "body": "",
            "signature": "",
        } | self._list_secrets()

    def _list_secrets(self) -> dict[str, str]:
        return {f"{SECRET}{name}": each.get_secret_value() for name, each in self.secrets.items()}

    def _build_body(self, values: dict[str, str]) -> bytes:
        form = self.request
        filled = fill_tree(form.body, values)
        match form.format:
            case _ if form.method == "GET" or not filled:
                return b""
            case "json":
                return encode_json(filled)
            case "base64-json":
                return b64encode(encode_json(filled))
            case "form":
                pairs = filled if isinstance(filled, dict) else {}
                return urlencode(pairs, errors="replace").encode()
            case "text":
                return str(filled).encode("utf-8", "replace")

    @override
    def read_answer(self, answer: VendorAnswer, message: Message) -> Reading:
        """The code decides, also where the status is 4xx; without one, the status."""
        form, content = self.answer, parse_json(answer.body)
        code = show_scalar(find_at(content, form.code))
        if code is None:
            return read_unclear(answer)
        message_id = _show_at(content, form.message_id)
        if code in form.success:
            return read_status(answer) or Reading(Verdict.ACCEPTED, message_id=message_id)
        table = CodeTable({Verdict(name): each for name, each in form.codes.items()})
        text = _show_at(content, form.text)
        detail = f"{code}: {text}" if text else code
        return Reading(table.find(code) or Verdict.FAILED, detail, message_id)

    @override
    def is_genuine(self, push: Push) -> bool:
        """By the signature that the description names."""
        signing = self.receipts.signature if self.receipts else None
        return signing is None or is_push_signed(signing, push, self._list_secrets())

    @override
    def read_receipts(self, body: bytes) -> list[Receipt]:
        """By the places that the description names."""
        form = self.receipts
        return read_reports(form, body) if form else []


def _show_at(content: object, path: str | None) -> str:
    """The scalar at a place of an answer; empty where there is none."""
    return (show_scalar(find_at(content, path)) if path else None) or ""
