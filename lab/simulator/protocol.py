"""What a simulated vendor is: it reads requests as the vendor does, and writes its answers.

The signatures are verified by code of their own, from the vendors' descriptions: an adapter that
signs wrongly must not be accepted because the simulator has the same fault.
"""

import hashlib
import hmac
import json
from abc import ABC, abstractmethod
from base64 import b64encode
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar
from urllib.parse import parse_qsl, quote

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
_REMEMBERED = 100_000


@dataclass(frozen=True, slots=True)
class Incoming:
    """A request to a vendor. `path` is below the vendor's prefix; headers are in lower case."""

    method: str
    path: str
    query: Sequence[tuple[str, str]]
    headers: Mapping[str, str]
    body: bytes
    now: datetime

    @property
    def parameters(self) -> dict[str, str]:
        """The parameters of the address and, if it is a form, of the body."""
        pairs = list(self.query)
        if self.headers.get("content-type", "").startswith(FORM):
            pairs += parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True)
        return dict(pairs)

    def read_json(self) -> dict[str, Any]:
        """The body as a JSON object; empty when it is none."""
        try:
            content = json.loads(self.body)
        except ValueError:
            return {}
        return content if isinstance(content, dict) else {}


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer."""

    body: bytes
    status: int = 200
    content_type: str = JSON

    @classmethod
    def of(cls, content: object, status: int = 200) -> "Reply":
        """JSON."""
        return cls(json.dumps(content, ensure_ascii=False).encode(), status)


@dataclass(frozen=True, slots=True)
class Offered:
    """A message that a request offers. `key`: by which the vendor may recognise a repeat."""

    numbers: tuple[str, ...]
    text: str
    key: str = ""
    callback: str = ""


class Refusing(StrEnum):
    """What a simulated vendor refuses for, in its own words, on request."""

    FAILING = "failing"
    THROTTLED = "throttled"
    BAD_NUMBER = "bad-number"


class SimulatedVendor(ABC):
    """A vendor.

    Attributes:
        NAME: as in the file of gateways.
        CREDENTIALS: what an entry of the file needs; `SECRETS` names those that are secrets.
        BY_NUMBER: whether an answer has a status for each number.
        RECOGNISES: whether a repeat is not delivered again.
        HAS_RECEIPTS: whether it pushes reports.
        HAS_NUMBERS: whether a message goes to a person, who may not exist, and not to a group.
        SIGNED: whether a key or a signature is verified.
    """

    NAME: ClassVar[str]
    CREDENTIALS: ClassVar[Mapping[str, Any]]
    SECRETS: ClassVar[frozenset[str]] = frozenset()
    BY_NUMBER: ClassVar[bool] = False
    RECOGNISES: ClassVar[bool] = False
    HAS_RECEIPTS: ClassVar[bool] = False
    HAS_NUMBERS: ClassVar[bool] = True
    SIGNED: ClassVar[bool] = True

    def __init__(self, credentials: Mapping[str, Any] | None = None) -> None:
        self.credentials = dict(credentials or self.CREDENTIALS)
        self._nonces: set[str] = set()
        self._nonces_in_order: deque[str] = deque()

    @abstractmethod
    def read(self, incoming: Incoming) -> Offered | Reply:
        """The message that a request offers, or what is answered to another request."""

    @abstractmethod
    def accept(self, offered: Offered, message_id: str, refused: Iterable[str] = ()) -> Reply:
        """The answer to an accepted message; some of its numbers may be refused."""

    @abstractmethod
    def refuse(self, why: Refusing, offered: Offered) -> Reply:
        """A refusal in the vendor's words, with the status that it has for them."""

    def can_refuse(self, why: Refusing) -> bool:
        """Whether the vendor has words for it."""
        return why is not Refusing.BAD_NUMBER or self.HAS_NUMBERS

    def refuse_repeat(self, offered: Offered, message_id: str) -> Reply:
        """What a vendor that recognises a repeat answers to it."""
        return self.accept(offered, message_id)

    def make_receipt(self, number: str, message_id: str, now: datetime) -> Reply | None:
        """The report that a message was delivered; None without receipts."""
        del number, message_id, now
        return None

    def make_text_reply(self, number: str, text: str, now: datetime) -> Reply | None:
        """What is pushed when a person answers; None for a vendor without replies."""
        del number, text, now
        return None

    def is_repeated(self, nonce: str) -> bool:
        """Whether a nonce was used before."""
        if nonce in self._nonces:
            return True
        self._nonces.add(nonce)
        self._nonces_in_order.append(nonce)
        if len(self._nonces_in_order) > _REMEMBERED:
            self._nonces.discard(self._nonces_in_order.popleft())
        return False


@dataclass(slots=True)
class TakenMessage:
    """A message that a vendor took. `answered`: whether the sender heard of it."""

    vendor: str
    id: str
    numbers: tuple[str, ...]
    text: str
    key: str
    received_at: datetime
    refused: tuple[str, ...] = ()
    repeats: int = 0
    answered: bool = True
    headers: Mapping[str, str] = field(default_factory=dict)


def compute_hmac(key: bytes, text: bytes, algorithm: str = "sha256") -> str:
    """An HMAC in base64."""
    return b64encode(hmac.new(key, text, algorithm).digest()).decode()


def hash_sha256(content: bytes) -> str:
    """SHA-256 in hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def escape(text: str) -> str:
    """RFC 3986."""
    return quote(text, safe="-_.~")


def is_same(expected: str, offered: str) -> bool:
    """Whether two signatures are equal, compared in constant time."""
    return hmac.compare_digest(
        expected.encode("utf-8", "replace"), offered.encode("utf-8", "replace")
    )
