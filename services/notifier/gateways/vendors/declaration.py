"""How the file describes a gateway that needs no code: requests, signature, answers, receipts."""

import hashlib
import hmac
from base64 import b64encode
from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.notifier.gateways.vendors.base import HttpUrl
from services.notifier.gateways.vendors.templates import (
    SECRET,
    JsonPath,
    Template,
    TemplateTree,
    fill_template,
    list_names,
)

Recipe = Literal["md5", "sha1", "sha256", "hmac-md5", "hmac-sha1", "hmac-sha256"]
Header = Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,100}$")]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class RequestForm(_Part):
    """How a request looks. `query`, `headers` and `body` have templates."""

    method: Literal["POST", "GET", "PUT"] = "POST"
    url: HttpUrl
    query: dict[str, Template] = Field(default={}, max_length=50)
    headers: dict[str, Template] = Field(default={}, max_length=50)
    format: Literal["json", "form", "text", "base64-json"] = "json"
    body: TemplateTree = ""


class Signing(_Part):
    """A signature of a text. The recipes with hmac need a key, a template such as `{secret.key}`.

    `{body}` in the text is the body as sent; a body that has `{signature}` can't be signed whole.
    """

    recipe: Recipe
    text: Template
    key: Template = ""
    encoding: Literal["hex", "HEX", "base64"] = "hex"

    @model_validator(mode="after")
    def check(self) -> Self:
        """Refuse a recipe without its key, and a signature of itself."""
        if self.recipe.startswith("hmac") and not self.key:
            raise ValueError("hmac 须写 key。A recipe with hmac needs a key.")
        if "signature" in list_names(self.text + self.key):
            raise ValueError("签名原文不能含 signature。The signature can't be in its own text.")
        return self


class AnswerForm(_Part):
    """Where an answer says what.

    Attributes:
        code: where the result stands; `success` are the values that mean accepted.
        codes: what other values mean, by verdict; `*` stands for any rest.
    """

    code: JsonPath
    success: tuple[str, ...] = Field(min_length=1, max_length=50)
    text: JsonPath | None = None
    message_id: JsonPath | None = None
    codes: dict[
        Literal[
            "duplicate",
            "transient",
            "throttled",
            "next-day",
            "permanent",
            "bad-address",
            "alarm",
            "unauthorised",
        ],
        tuple[str, ...],
    ] = {}


class PushSigning(Signing):
    """The signature of a push. Its text may have `{body}`, `{seconds}` and `{secret.NAME}`.

    Attributes:
        header: where it stands.
        timestamp: the header that `{seconds}` stands for; it may differ by five minutes from now.
    """

    header: Header
    timestamp: Header | None = None

    @model_validator(mode="after")
    def check_push(self) -> Self:
        """Refuse a name of which a push has no value."""
        known = {"body", "seconds"} if self.timestamp else {"body"}
        for name in list_names(self.text + self.key):
            if name not in known and not name.startswith(SECRET):
                raise ValueError(
                    f"推送里没有 {name}。A push has no {name}; {{seconds}} needs `timestamp`."
                )
        return self


class ReceiptForm(_Part):
    """How pushed reports look: JSON, base64 of JSON or a form, with a list at `each` or alone."""

    signature: PushSigning | None = None
    each: JsonPath | None = None
    message_id: JsonPath
    address: JsonPath | None = None
    status: JsonPath
    delivered: tuple[str, ...] = Field(min_length=1, max_length=50)
    waiting: tuple[str, ...] = ()


def sign_text(signing: Signing, values: Mapping[str, str]) -> str:
    """The signature that is described, of the text with its values."""
    text = fill_template(signing.text, values).encode("utf-8", "replace")
    algorithm = signing.recipe.removeprefix("hmac-")
    if signing.recipe.startswith("hmac"):
        digest = hmac.digest(fill_template(signing.key, values).encode(), text, algorithm)
    else:
        digest = hashlib.new(algorithm, text).digest()
    if signing.encoding == "base64":
        return b64encode(digest).decode()
    return digest.hex().upper() if signing.encoding == "HEX" else digest.hex()
