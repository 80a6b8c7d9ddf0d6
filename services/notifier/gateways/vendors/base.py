"""What all vendors over HTTP have in common.

A vendor is an entry of the file of gateways that builds requests and reads answers, without I/O.
"""

import hashlib
import hmac
import json
import re
from abc import ABC, abstractmethod
from base64 import b64encode
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar
from urllib.parse import quote

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationInfo,
    WithJsonSchema,
)

from services.notifier.domain.limits import NO_LIMITS, Limits
from services.notifier.domain.message import Message, Outcome
from services.notifier.domain.retry import WhenUnknown
from services.notifier.domain.verdicts import CodeTable, Reading, Verdict, is_among
from services.notifier.gateways.exchange import (
    Push,
    Receipt,
    Token,
    VendorAnswer,
    VendorCall,
    VendorRequest,
)
from services.notifier.gateways.http import is_http_url
from services.notifier.gateways.vendors.bodies import read_status
from services.notifier.gateways.written_limits import GatewayLimits
from shared.schemas.rules import Channel

NAME = r"^[\w.-]{1,40}$"
_SIGNATURE = re.compile(r"^【[^】]{1,20}】")
_MOBILE = re.compile(r"(?:\+?86)?(1\d{10})")


class UnsendableError(Exception):
    """A message that a vendor can't be given: its address is none of the vendor's."""


def _read_secret(written: object, validation: ValidationInfo) -> object:
    """A secret where `{env: NAME}` or `{file: PATH}` says it stands.

    The validation's context has the function that reads it.
    """
    if not isinstance(written, dict):
        raise ValueError(  # noqa: TRY004 - pydantic turns it into a problem
            "不要把密钥写在文件里：写 {env: 变量名} 或 {file: 路径}。"
            "Keep the secret out of the file: {env: NAME} or {file: PATH}."
        )
    read: Callable[[Mapping[str, str]], str] = (validation.context or {})["read_secret"]
    return SecretStr(read(written))


def _check_url(url: str) -> str:
    if not is_http_url(url):
        raise ValueError("须是 http:// 或 https:// 开头的地址。It is an address of HTTP or HTTPS.")
    return url


Secret = Annotated[
    SecretStr,
    BeforeValidator(_read_secret),
    WithJsonSchema(
        {
            "type": "object",
            "properties": {"env": {"type": "string"}, "file": {"type": "string"}},
            "additionalProperties": False,
            "minProperties": 1,
            "maxProperties": 1,
        }
    ),
]
"""`{env: NAME}` or `{file: PATH}`."""
HttpUrl = Annotated[str, AfterValidator(_check_url)]
Text = Annotated[str, Field(min_length=1, max_length=200)]


class GatewaySettings(BaseModel, ABC):
    """A gateway in the file.

    Attributes:
        name: shown in events, logs and metrics.
        vendor: which protocol it speaks.
        channel: which messages it gets.
        priority: of several gateways of a channel the lower ones go first.
        weight: of new messages among those of the same priority.
        concurrency: how many messages are on their way at once.
        when_unknown: what follows when it is unknown whether a message was accepted.
        limits: how many messages it takes in a period.
        spread: seconds at the beginning of each minute in which sending begins.
    """

    LIMITS: ClassVar[Limits] = NO_LIMITS
    """What the vendor allows, as its documents say."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=NAME)
    vendor: str
    channel: Channel = Channel.SMS
    priority: int = Field(default=1, ge=0, le=100)
    weight: int = Field(default=1, ge=1, le=100)
    concurrency: int = Field(default=8, ge=1, le=500)
    when_unknown: WhenUnknown = WhenUnknown.REOFFER
    limits: GatewayLimits = GatewayLimits()
    spread: int = Field(default=0, ge=0, le=50)


class HttpVendor(GatewaySettings):
    """A vendor over HTTP.

    Attributes:
        ca_file: certificates to trust beside the system's, where the vendor has a private one.
        gone: codes of receipts that mean that no message ever reaches the address; `*` stands for
            any rest. Carriers and contracts have codes of their own.
    """

    CODES: ClassVar[CodeTable] = CodeTable({})
    SIGNED: ClassVar[bool] = True
    """Whether the vendor verifies a signature or a key of each request."""

    ca_file: Path | None = None
    gone: tuple[str, ...] = Field(default=(), max_length=100)

    @abstractmethod
    def build_request(self, message: Message, call: VendorCall) -> VendorRequest:
        """The request that sends a message.

        Raises:
            UnsendableError: the address is none of the vendor's.
        """

    @abstractmethod
    def read_answer(self, answer: VendorAnswer, message: Message) -> Reading | Outcome:
        """What an answer says of the message."""

    def is_genuine(self, push: Push) -> bool:
        """Whether the vendor's signature of a push is right; True for a vendor that signs none."""
        del push
        return True

    def read_receipts(self, body: bytes) -> list[Receipt]:
        """The reports in what the vendor pushes; none when it has no receipts or is not understood.

        A report may come twice, late, and before the answer.
        """
        del body
        return []

    def is_gone(self, receipt: Receipt) -> bool:
        """Whether a receipt says that no message ever reaches its address."""
        return receipt.delivered is False and is_among(receipt.code, self.gone)

    def build_token_request(self, call: VendorCall) -> VendorRequest | None:
        """The request for an access token; None for a vendor without."""
        del call
        return None

    def read_token(self, answer: VendorAnswer) -> Token | Reading:
        """The token in the answer, or why there is none."""
        return read_status(answer) or Reading(Verdict.UNAUTHORISED, "no token")

    def judge_code(self, code: object, text: object = "", **more: Any) -> Reading:  # noqa: ANN401
        """The reading of a failure with a code; an unknown code is a failure of unknown kind."""
        verdict = self.CODES.find(str(code)) or Verdict.FAILED
        return Reading(verdict, f"{code}: {text}" if text else str(code), **more)


def get_mobile(message: Message) -> str:
    """The eleven digits of a mobile number in China.

    Raises:
        UnsendableError: the address is none.
    """
    if mobile := find_mobile(message.address):
        return mobile
    raise UnsendableError("no mobile number")


def find_mobile(address: str) -> str:
    """The eleven digits of a mobile number; empty when the address is none."""
    match = _MOBILE.fullmatch(re.sub(r"[\s-]", "", address))
    return match[1] if match else ""


def remove_signature(text: str) -> str:
    """A text without the leading 【…】, for platforms that add the registered signature."""
    return _SIGNATURE.sub("", text)


def cut_bytes(text: str, most: int) -> str:
    """A text of at most `most` bytes in UTF-8, with … at the end when it was cut."""
    raw = text.encode("utf-8", "replace")
    if len(raw) <= most:
        return raw.decode()
    return raw[: most - 3].decode("utf-8", "ignore") + "…"


def join_text(message: Message) -> str:
    """Subject and text of a message, for a vendor with one field."""
    content = message.content
    return f"{content.subject}\n{content.text}" if content.subject else content.text


def encode_json(content: object) -> bytes:
    """JSON in UTF-8, without escapes of Chinese and without blanks."""
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def quote_strictly(text: str) -> str:
    """RFC 3986: everything but letters, digits and `-_.~` is escaped."""
    return quote(text, safe="-_.~", errors="replace")


def sign_base64(key: str, text: str, algorithm: str = "sha256") -> str:
    """The HMAC of a text, in base64."""
    return b64encode(hmac.digest(key.encode(), text.encode(), algorithm)).decode()


def hash_hex(content: bytes) -> str:
    """SHA-256 in hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()
