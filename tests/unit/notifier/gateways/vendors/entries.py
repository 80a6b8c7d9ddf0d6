"""Entries of a file of gateways, one for each vendor, with invented keys."""

from typing import Any

from pydantic import TypeAdapter

from services.notifier.gateways.file import AnyGateway
from services.notifier.gateways.vendors.base import HttpVendor

_ADAPTER: TypeAdapter[Any] = TypeAdapter(AnyGateway)
ENTRIES: dict[str, dict[str, Any]] = {
    "mas": {
        "url": "https://mas.example/sms/norsubmit",
        "ec_name": "测试单位",
        "ap_id": "demo",
        "secret": {"env": "pass"},
        "sign": "SIGN01",
    },
    "aliyun": {
        "access_key_id": "id",
        "access_key_secret": {"env": "key"},
        "sign_name": "demo",
        "template": "SMS_1",
    },
    "tencent": {
        "secret_id": "AKID",
        "secret_key": {"env": "key"},
        "sdk_app_id": "1400006666",
        "sign_name": "demo",
        "template": "1110",
    },
    "huawei": {
        "url": "https://smsapi.example:443",
        "app_key": "app",
        "app_secret": {"env": "key"},
        "sender": "8820",
        "template": "t1",
        "signature": "华为云短信测试",
    },
    "wecom-robot": {"key": {"env": "robot-key"}},
    "wecom-app": {"corp_id": "corp", "corp_secret": {"env": "hush"}, "agent_id": 7},
    "dingtalk-robot": {"access_token": {"env": "token"}, "secret": {"env": "SECexample"}},
    "dingtalk-government": {
        "url": "https://gov.example",
        "app_key": "app",
        "app_secret": {"env": "key"},
        "tenant_id": "1",
    },
    "feishu-robot": {"token": {"env": "token"}, "secret": {"env": "demo"}},
    "declared": {
        "secrets": {"key": {"env": "k1"}},
        "request": {
            "url": "https://declared.example/send?v=1",
            "query": {"app": "a&b"},
            "headers": {"X-Sign": "{signature}"},
            "body": {
                "to": ["{mobile}"],
                "text": "{plain_text}",
                "at": "{seconds|number}",
                "ref": "{id}",
            },
        },
        "signature": {"recipe": "hmac-sha256", "text": "{seconds}{body}", "key": "{secret.key}"},
        "answer": {
            "code": "result.0.code",
            "success": ["0"],
            "text": "msg",
            "message_id": "result.0.sid",
            "codes": {"throttled": ["too many*"], "next-day": ["77"], "alarm": ["9*"]},
        },
        "receipts": {
            "each": "reports",
            "message_id": "sid",
            "address": "to",
            "status": "state",
            "delivered": ["ok"],
            "waiting": ["sent"],
        },
    },
    "webhook": {
        "url": {"env": "https://sms.example/send"},
        "keys": {"env": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"},
    },
}


def make_vendor(vendor: str, **more: object) -> HttpVendor:
    """A vendor whose secrets are the names of their variables."""
    entry = {"name": vendor, "vendor": vendor, **ENTRIES[vendor], **more}
    return _ADAPTER.validate_python(entry, context={"read_secret": lambda written: written["env"]})
