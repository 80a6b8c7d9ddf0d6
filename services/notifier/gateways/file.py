"""The file of gateways: what it may say, and everything that is wrong with it."""

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from services.notifier.gateways.vendors.aliyun import Aliyun
from services.notifier.gateways.vendors.declared import Declared
from services.notifier.gateways.vendors.dingtalk_government import DingtalkGovernment
from services.notifier.gateways.vendors.dingtalk_robot import DingtalkRobot
from services.notifier.gateways.vendors.feishu_robot import FeishuRobot
from services.notifier.gateways.vendors.huawei import Huawei
from services.notifier.gateways.vendors.mas import Mas
from services.notifier.gateways.vendors.smtp import Smtp
from services.notifier.gateways.vendors.tencent import Tencent
from services.notifier.gateways.vendors.webhook import Webhook
from services.notifier.gateways.vendors.wecom_app import WecomApp
from services.notifier.gateways.vendors.wecom_robot import WecomRobot
from shared.marked.locating import list_model_problems, locate
from shared.marked.marks import MarkedText, UnreadableError, read_marked
from shared.marked.problems import TextProblem
from shared.marked.schema import StrictSchema

ADDRESS = "https://cuiban.example/gateways.schema.json"
"""The schema's name. It is no place to load it from."""
_LONGEST_SECRET = 10_000
SmsVendor = Mas | Aliyun | Tencent | Huawei | Webhook | Declared
RobotVendor = WecomRobot | WecomApp | DingtalkRobot | DingtalkGovernment | FeishuRobot
AnyGateway = Annotated[Smtp | SmsVendor | RobotVendor, Field(discriminator="vendor")]
ReadSecret = Callable[[Mapping[str, str]], str]


class GatewayFile(BaseModel):
    """All gateways of an installation."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    gateways: tuple[AnyGateway, ...] = Field(min_length=1, max_length=50)


@dataclass(frozen=True, slots=True)
class FileReading:
    """What a file says: its gateways, or its problems in the order of the text."""

    file: GatewayFile | None
    problems: tuple[TextProblem, ...]


def read_secret(written: Mapping[str, str]) -> str:
    """The secret that `{env: NAME}` or `{file: PATH}` names, without blanks at its ends.

    Raises:
        ValueError: there is none, or it is empty.
    """
    match dict(written):
        case {"env": str(name), **rest} if not rest:
            secret = os.environ.get(name, "")
            missing = f"没有环境变量 {name}，或为空。The variable {name} is not set, or empty."
        case {"file": str(path), **rest} if not rest:
            missing = f"读不到文件 {path}，或为空。The file {path} can't be read, or is empty."
            try:
                with Path(path).open(encoding="utf-8") as file:
                    secret = file.read(_LONGEST_SECRET)
            except (OSError, ValueError) as error:
                raise ValueError(missing) from error
        case _:
            raise ValueError("写 {env: 变量名} 或 {file: 路径}。Write {env: NAME} or {file: PATH}.")
    if not secret.strip():
        raise ValueError(missing)
    return secret.strip()


def read_gateways(text: str, read: ReadSecret = read_secret) -> FileReading:
    """Read YAML or JSON as the file of gateways; `read` gives the secrets that it names."""
    try:
        marked = read_marked(text)
    except UnreadableError as error:
        return FileReading(None, error.problems)
    if not isinstance(marked.content, dict):
        message = "须是“键: 值”，以 gateways 为主。The file is a mapping with the key gateways."
        return FileReading(None, (locate(marked, (), "wrong-type", message),))
    try:
        file = GatewayFile.model_validate(marked.content, context={"read_secret": read})
    except ValidationError as error:
        problems = list_model_problems(marked, error, _get_schema())
        return FileReading(None, tuple(sorted(problems, key=lambda each: each.mark)))
    repeated = tuple(_list_repeated(marked, file))
    return FileReading(None if repeated else file, repeated)


def _list_repeated(marked: MarkedText, file: GatewayFile) -> Iterator[TextProblem]:
    names: set[str] = set()
    folders: set[tuple[str, str, str]] = set()
    for number, gateway in enumerate(file.gateways):
        place = ("gateways", number)
        if gateway.name in names:
            message = f"名称 {gateway.name} 用了两次。The name {gateway.name} is used twice."
            yield locate(marked, (*place, "name"), "duplicate-name", message)
        names.add(gateway.name)
        if isinstance(gateway, Smtp) and (bounces := gateway.bounces):
            folder = (bounces.host.lower(), bounces.user, bounces.folder)
            if folder in folders:
                message = "两个网关不能共用一个退信文件夹。Two gateways share a folder of bounces."
                yield locate(marked, (*place, "bounces"), "duplicate-name", message)
            folders.add(folder)


def build_schema() -> dict[str, Any]:
    """The JSON Schema of the file, for editors."""
    written = TypeAdapter(GatewayFile).json_schema(schema_generator=StrictSchema)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": ADDRESS,
        **written,
        "title": "催办网关 Gateways",
    }


@lru_cache(maxsize=1)
def _get_schema() -> dict[str, Any]:
    return build_schema()
