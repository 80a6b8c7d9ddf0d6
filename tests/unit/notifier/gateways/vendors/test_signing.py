"""The signatures of each vendor, for invented keys.

The values were computed from the published recipes by another program than this one.
"""

import json
from base64 import b64decode
from datetime import UTC, datetime
from urllib.parse import parse_qs, parse_qsl, urlsplit
from uuid import UUID

import pytest

from services.notifier.domain.message import Content, Message
from services.notifier.gateways.exchange import VendorCall
from services.notifier.gateways.vendors import dingtalk_robot, feishu_robot
from services.notifier.gateways.vendors.aliyun_signing import make_query, sign_rpc, sign_v3
from services.notifier.gateways.vendors.base import UnsendableError, cut_bytes
from services.notifier.gateways.vendors.dingtalk_government import sign as sign_government
from services.notifier.gateways.vendors.huawei import make_digest
from services.notifier.gateways.vendors.tencent import sign_tc3
from tests.unit.notifier.gateways.vendors.entries import ENTRIES, make_vendor

ID = UUID(int=7)
TEXT = "【政务公开】县教体局：2项任务待办，今日到期。"
MESSAGE = Message(ID, "+86 138-0000-0000", "县教体局", Content("", TEXT))
NOW = datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)
CALL = VendorCall(NOW, "n1", "tok en")
BUSINESS = {
    "PhoneNumbers": "13800000000",
    "SignName": "demo",
    "TemplateCode": "SMS_1",
    "TemplateParam": '{"k":"v"}',
}


def test_mas_signs_the_fields_without_separators() -> None:
    vendor = make_vendor("mas")
    signed = vendor._sign("13800000000,13900000000测试短信")  # type: ignore[attr-defined]
    assert signed == "611c1416f19df5c819f8e22cab6fba64"


def test_aliyun_signs_by_rpc() -> None:
    fields = BUSINESS | {
        "AccessKeyId": "id",
        "Action": "SendSms",
        "Version": "2017-05-25",
        "RegionId": "cn-hangzhou",
        "Format": "JSON",
        "SignatureMethod": "HMAC-SHA1",
        "SignatureVersion": "1.0",
        "SignatureNonce": "n1",
        "Timestamp": "2023-11-14T22:13:20Z",
    }
    assert sign_rpc("key", fields) == "0rv/83uJGw8S1GZEdFP/2YoMmCg="


def test_aliyun_signs_by_acs3() -> None:
    nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    headers = {
        "host": "dysmsapi.aliyuncs.com",
        "x-acs-action": "SendSms",
        "x-acs-content-sha256": nothing,
        "x-acs-date": "2023-11-14T22:13:20Z",
        "x-acs-signature-nonce": "n1",
        "x-acs-version": "2017-05-25",
    }
    signature = sign_v3("key", make_query(BUSINESS), headers)
    assert signature == "9878e38327639aa7528667608e7aa4fca3fa33cd89cee7d72153ae67028f1bc0"


def test_tencent_signs_by_tc3() -> None:
    body = (
        '{"PhoneNumberSet":["+8613800000000"],"SmsSdkAppId":"1400006666","SignName":"demo",'
        '"TemplateId":"1110","TemplateParamSet":["1"]}'
    )
    signature = sign_tc3("key", body.encode(), "sms.tencentcloudapi.com", NOW)
    assert signature == "6f53c59b1744c8ab72ac5d08b566ee08bbd499bf1447a7b34c7d7c56043dca51"


@pytest.mark.parametrize(
    ("as_hex", "beginning"),
    [(False, "50PHOy2G3y7oALfMZ/x/d4W/h/qczX/pFmCJlafw/bU="), (True, "ZTc0M2M3")],
)
def test_huawei_digests_raw_or_as_hexadecimal_text(as_hex: bool, beginning: str) -> None:
    digest = make_digest("key", "n1", "2023-11-14T22:13:20Z", as_hex=as_hex)
    assert digest.startswith(beginning)


def test_dingtalk_and_feishu_take_key_and_text_the_other_way_round() -> None:
    ding = dingtalk_robot.sign("SECexample", "1700000000000")
    assert ding == "uroalHrWHORz59talE1o26b8HuX2kOp8WlAN91F9Pj0="
    assert feishu_robot.sign("demo", "1599360473") == "l1N0gAcBjdwBvGm1xMjOF0XSyaLRpR7tuO5dHfhAYc8="


def test_dingtalk_escapes_its_signature_exactly_once() -> None:
    url = make_vendor("dingtalk-robot").build_request(MESSAGE, CALL).url
    signature = parse_qs(urlsplit(url).query)["sign"][0]
    assert signature == dingtalk_robot.sign("SECexample", "1700000000000")
    assert "%25" not in url


def test_the_government_dingtalk_signs_the_unescaped_form() -> None:
    request = make_vendor("dingtalk-government").build_request(MESSAGE, CALL)
    form = dict(parse_qsl(request.body.decode()))
    stamp = request.headers["x-hmac-auth-timestamp"]
    assert stamp == "2023-11-15T06:13:20.000+08:00"
    assert request.headers["x-hmac-auth-signature"] == sign_government("key", stamp, "n1", form)
    assert form["bizMsgId"] == str(ID)


@pytest.mark.parametrize("secret_in_body", [True, False])
def test_mas_sends_base64_of_json_without_the_signature_of_the_text(secret_in_body: bool) -> None:
    request = make_vendor("mas", secret_in_body=secret_in_body).build_request(MESSAGE, CALL)
    fields = json.loads(b64decode(request.body))
    assert fields["content"] == "县教体局：2项任务待办，今日到期。"
    assert fields["mobiles"] == "13800000000"
    assert ("secretKey" in fields) is secret_in_body


def test_mas_can_use_a_template() -> None:
    vendor = make_vendor("mas", template="T1", parameters=["{unit}"])
    fields = json.loads(b64decode(vendor.build_request(MESSAGE, CALL).body))
    assert (fields["templateId"], fields["params"]) == ("T1", '["县教体局"]')
    assert "content" not in fields


@pytest.mark.parametrize("vendor", sorted(ENTRIES))
def test_a_request_shows_no_secret_and_repeats_the_id_where_there_is_a_place(vendor: str) -> None:
    entry = make_vendor(vendor)
    request = entry.build_request(MESSAGE, CALL)
    shown = repr(request) + repr(entry)
    for secret in ("SECexample", "robot-key", "whsec_M", "'hush'"):
        assert secret not in shown
    keyed = {"aliyun", "tencent", "huawei", "dingtalk-government", "webhook", "declared"}
    everything = request.url + request.body.decode() + str(request.headers)
    assert (str(ID) in everything) is (vendor in keyed)


@pytest.mark.parametrize("vendor", ["mas", "aliyun", "tencent", "huawei"])
def test_what_is_no_mobile_number_is_not_offered(vendor: str) -> None:
    other = Message(ID, "0816-1234567", "县教体局", Content("", TEXT))
    with pytest.raises(UnsendableError):
        make_vendor(vendor).build_request(other, CALL)


def test_an_app_of_wecom_asks_for_the_check_of_repeats() -> None:
    vendor = make_vendor("wecom-app", users={MESSAGE.address: "zhangsan"})
    request = vendor.build_request(MESSAGE, CALL)
    body = json.loads(request.body)
    assert body["touser"] == "zhangsan"
    assert (body["enable_duplicate_check"], body["duplicate_check_interval"]) == (1, 14400)
    assert request.url.endswith("?access_token=tok%20en")


def test_a_text_is_cut_between_characters() -> None:
    assert cut_bytes("催办" * 10, 60) == "催办" * 10
    assert cut_bytes("催办" * 10, 59) == "催办" * 9 + "…"
