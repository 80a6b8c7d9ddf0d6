"""Requests to the sinks: mails, short messages, and the pages of the inbox."""

import hashlib
import hmac
import json
import time
from base64 import b64decode, b64encode
from email.header import Header
from email.message import EmailMessage
from typing import NamedTuple

import aiosmtplib
from aiohttp import ClientSession

SECRET = "whsec_" + b64encode(b"0123456789abcdef0123456789abcdef").decode()


class Sinks(NamedTuple):
    smtp_port: int
    url: str


def mail(
    unit: str = "县财政局", ident: str = "one", html: str = "<p>正文</p>", text: str = "纯文本正文"
) -> EmailMessage:
    made = EmailMessage()
    made["From"], made["To"] = "office@cuiban.example", "caizheng@yanting.example"
    made["Subject"] = "工作提醒：2项工作即将到期"
    made["Message-ID"] = f"<{ident}@cuiban.example>"
    made["X-Cuiban-Unit"] = Header(unit, "utf-8").encode()
    made.set_content(text)
    made.add_alternative(html, subtype="html")
    return made


async def offer_mail(sinks: Sinks, message: EmailMessage, seconds: float = 120) -> None:
    await aiosmtplib.send(message, hostname="127.0.0.1", port=sinks.smtp_port, timeout=seconds)


async def post_sms(
    http: ClientSession, ident: str = "sms-1", *, secret: str = SECRET, age: int = 0
) -> tuple[int, dict[str, object]]:
    data = {"to": "13800000000", "text": "【盐亭政务】请及时办理", "unit": "县水利局"}
    told = {"type": "cuiban.sms", "timestamp": "2023-06-01T01:00:00Z", "data": data}
    body, stamp = json.dumps(told, ensure_ascii=False).encode(), str(int(time.time()) - age)
    key = b64decode(secret.removeprefix("whsec_"))
    mac = hmac.digest(key, f"{ident}.{stamp}.".encode() + body, hashlib.sha256)
    headers = {
        "webhook-id": ident,
        "webhook-timestamp": stamp,
        "webhook-signature": f"v1,{b64encode(mac).decode()}",
    }
    async with http.post("/sms", data=body, headers=headers) as answer:
        return answer.status, await answer.json()


async def got(http: ClientSession, **query: str) -> list[dict[str, str]]:
    async with http.get("/messages", params=query) as answer:
        messages: list[dict[str, str]] = (await answer.json())["messages"]
        return messages
