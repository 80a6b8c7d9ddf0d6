"""Whatever a vendor answers or pushes, reading it raises nothing."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from services.notifier.domain.message import Content, Message
from services.notifier.domain.verdicts import Reading, conclude
from services.notifier.gateways.exchange import AcceptedMessage, VendorAnswer
from services.notifier.gateways.vendors.pulling import PullingVendor
from tests.unit.notifier.gateways.vendors.entries import ENTRIES, make_vendor

MESSAGE = Message(UUID(int=7), "13800000000", "县教体局", Content("", "正文"))
NOW = datetime(2023, 11, 14, 12, 0, tzinfo=UTC)
VENDORS = {name: make_vendor(name) for name in ENTRIES}
KEYS = st.sampled_from(
    [
        *("success", "rspcod", "msgGroup", "Code", "BizId", "Response", "Error", "SendStatusSet"),
        *("PhoneNumber", "code", "result", "originTo", "status", "errcode", "errmsg", "msgid"),
        *("invaliduser", "access_token", "expires_in", "punish", "content", "data", "StatusCode"),
        *("SmsSendDetailDTOs", "SmsSendDetailDTO", "SendStatus", "ErrCode"),
        *("reports", "sid", "state", "biz_id", "responseMessage", "responseCode", "msg", "Message"),
    ]
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**30), 10**30),
    st.floats(),
    st.sampled_from(["0", "OK", "Ok", "true", "+8613800000000", "000000", "\ud800"]),
)
ANSWERS = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


def make_details(**status: Any) -> dict[str, Any]:
    """An answer to the question what became of a message."""
    return {"Code": "OK", "SmsSendDetailDTOs": {"SmsSendDetailDTO": [status]}}


@pytest.mark.parametrize("vendor", sorted(VENDORS))
@example(answer={"Response": {"Error": "x"}}, status=200)
@example(answer={"errcode": 0, "access_token": "t", "expires_in": 10**30}, status=200)
@example(answer={"errcode": 0, "access_token": "t", "expires_in": -5}, status=200)
@example(answer=make_details(SendStatus=[3]), status=200)
@given(answer=ANSWERS, status=st.sampled_from([200, 201, 302, 400, 404, 500]))
@settings(max_examples=60, deadline=None)
def test_no_answer_raises(vendor: str, answer: Any, status: int) -> None:
    body = json.dumps(answer).encode()
    entry = VENDORS[vendor]
    reading = entry.read_answer(VendorAnswer(status, body), MESSAGE)
    if isinstance(reading, Reading):
        assert conclude(reading, name="n", now=NOW) is not None
    entry.read_token(VendorAnswer(status, body))
    assert all(receipt.message_id for receipt in entry.read_receipts(body))
    if isinstance(entry, PullingVendor):
        entry.read_receipt_answer(VendorAnswer(status, body), AcceptedMessage("1", "138", NOW))
