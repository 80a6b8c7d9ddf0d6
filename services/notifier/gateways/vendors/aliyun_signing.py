"""How requests to Aliyun's clouds are signed: V3 (ACS3), and RPC V1 of older clouds.

Sources: help.aliyun.com, the pages on the V3 signature and on the RPC signature.
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from urllib.parse import urlsplit

from services.notifier.gateways.exchange import VendorCall, VendorRequest
from services.notifier.gateways.vendors.base import hash_hex, quote_strictly, sign_base64

_VERSION = "2017-05-25"
_INSTANT = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True, slots=True)
class AliyunDoor:
    """Where an action is asked for, by whom, and how that is signed."""

    url: str
    access_key_id: str
    secret: str
    region: str
    signature: Literal["v3", "v1"]


def build_signed_request(
    door: AliyunDoor, action: str, parameters: Mapping[str, str], call: VendorCall
) -> VendorRequest:
    """The request of an action. V3 has its parameters in the address, V1 in a form."""
    if door.signature == "v1":
        return _build_rpc(door, action, parameters, call)
    headers = {
        "host": urlsplit(door.url).netloc.rpartition("@")[2],
        "x-acs-action": action,
        "x-acs-content-sha256": hash_hex(b""),
        "x-acs-date": _write_instant(call.now),
        "x-acs-signature-nonce": call.nonce,
        "x-acs-version": _VERSION,
    }
    query = make_query(parameters)
    signature = sign_v3(door.secret, query, headers)
    headers["authorization"] = (
        f"ACS3-HMAC-SHA256 Credential={door.access_key_id},"
        f"SignedHeaders={';'.join(sorted(headers))},Signature={signature}"
    )
    return VendorRequest(f"{door.url.rstrip('/')}/?{query}", b"", headers)


def _build_rpc(
    door: AliyunDoor, action: str, parameters: Mapping[str, str], call: VendorCall
) -> VendorRequest:
    fields = {
        **parameters,
        "AccessKeyId": door.access_key_id,
        "Action": action,
        "Version": _VERSION,
        "RegionId": door.region,
        "Format": "JSON",
        "SignatureMethod": "HMAC-SHA1",
        "SignatureVersion": "1.0",
        "SignatureNonce": call.nonce,
        "Timestamp": _write_instant(call.now),
    }
    fields["Signature"] = sign_rpc(door.secret, fields)
    form = {"content-type": "application/x-www-form-urlencoded"}
    return VendorRequest(door.url, make_query(fields).encode(), form)


def _write_instant(instant: datetime) -> str:
    return instant.strftime(_INSTANT)


def make_query(fields: Mapping[str, str]) -> str:
    """The fields in the order of their names, escaped by RFC 3986."""
    return "&".join(
        f"{quote_strictly(key)}={quote_strictly(fields[key])}" for key in sorted(fields)
    )


def sign_rpc(secret: str, fields: Mapping[str, str]) -> str:
    """The signature V1 of a POST: HMAC-SHA1 in base64, with `&` after the key."""
    text = f"POST&{quote_strictly('/')}&{quote_strictly(make_query(fields))}"
    return sign_base64(f"{secret}&", text, "sha1")


def sign_v3(secret: str, query: str, headers: Mapping[str, str]) -> str:
    """The signature V3 of a POST without a body: HMAC-SHA256 in hexadecimal digits."""
    names = sorted(headers)
    listed = "".join(f"{name}:{headers[name].strip()}\n" for name in names)
    canonical = "\n".join(
        ["POST", "/", query, listed, ";".join(names), headers["x-acs-content-sha256"]]
    )
    text = f"ACS3-HMAC-SHA256\n{hash_hex(canonical.encode())}"
    return hmac.new(secret.encode(), text.encode(), "sha256").hexdigest()
