"""The variables of a template that a platform has approved, filled from a message.

Platforms limit how long the value of a variable may be, by account and by kind of variable: 6
characters at Tencent for most accounts (cloud.tencent.com/document/product/382/13301), others at
Aliyun and Huawei. `longest_parameter` says what holds for the contract.
"""

import re
from abc import abstractmethod
from collections.abc import Sequence
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from services.notifier.domain.message import Message
from services.notifier.gateways.vendors.base import HttpVendor, remove_signature

VARIABLES = (
    *("text", "unit", "subject", "id"),
    *("items", "late", "first", "when", "address", "code", "until"),
)
"""What a parameter may contain, in braces; those of the second line are in
`shared.messages.sms.make_sms_words`."""
_VARIABLE = re.compile(r"\{(\w+)\}")
_NEVER_CUT = frozenset({"code", "address"})
_TOO_LONG = frozenset({"text", "address"})
"""What no parameter of a limited length can hold."""
_CODE = "0" * 8
"""As long as a code (`shared.links.CODE_DIGITS`)."""


def _check_variables(template: str) -> str:
    for name in _VARIABLE.findall(template):
        if name not in VARIABLES:
            raise ValueError(
                f"没有 {name} 这个变量，可用：{'、'.join(VARIABLES)}。"
                f"There is no variable {name}, only: {', '.join(VARIABLES)}."
            )
    return template


Template = Annotated[str, AfterValidator(_check_variables)]
Parameters = Annotated[dict[str, Template], Field(max_length=20)]


class TemplateVendor(HttpVendor):
    """A vendor that sends an approved template with parameters.

    Attributes:
        longest_parameter: the most characters of a value; a longer one is shortened.
    """

    longest_parameter: int | None = Field(default=None, ge=1, le=500)

    @abstractmethod
    def list_parameters(self) -> Sequence[str]:
        """The parameters' texts, such as `{unit}`."""

    @model_validator(mode="after")
    def check_lengths(self) -> Self:
        """Refuse a parameter that can't be as short as the platform wants."""
        longest = self.longest_parameter
        for each in self.list_parameters() if longest else ():
            names = set(_VARIABLE.findall(each))
            shortest = _VARIABLE.sub(lambda match: _CODE if match[1] == "code" else "", each)
            if names & _TOO_LONG or len(shortest) > (longest or 0):
                raise ValueError(
                    f"参数 {each} 不能短到 {longest} 个字以内。"
                    f"The parameter {each} can't be as short as {longest} characters."
                )
        return self

    def fill(self, template: str, message: Message) -> str:
        """A parameter for a message. What has a code or an address is never shortened."""
        filled = fill(template, message)
        longest = self.longest_parameter
        if longest is None or len(filled) <= longest:
            return filled
        if _NEVER_CUT & set(_VARIABLE.findall(template)):
            return filled
        return f"{filled[: longest - 1]}…" if longest > 1 else filled[:1]


def fill(template: str, message: Message) -> str:
    """A parameter with the values of a message; what the message does not have is empty."""
    content = message.content
    values = {
        **content.words,
        "text": remove_signature(content.text),
        "unit": message.unit,
        "subject": content.subject,
        "id": str(message.notification_id),
    }
    return _VARIABLE.sub(lambda match: values.get(match[1], ""), template)
