"""The codes and words by which SMS platforms explain refusals. Tables, pure.

Sources: the platforms' public documentation (China Mobile 云MAS, Aliyun, Tencent Cloud, Huawei
Cloud, DingTalk, WeCom, Feishu). A code that is missing here is a failure of an unknown kind.
"""

import re

from services.notifier.domain.message import Refusal

_LATER = """
throttling* serviceunavailable* isp.system_error isv.business_limit_control isv.day_limit_control
isv.month_limit_control requestlimitexceeded* limitexceeded* internalerror* e000000 e000503
-1 130101 410100 90030 45009 45033 11232 429 503
"""
_OURS = """
illegalmac illegalsignid invalidusrorpwd nosignid not_white_ip toomanymobiles
isv.sms_signature_illegal isv.sms_sign_illegal isv.sign_state_illegal isv.sms_template_illegal
isv.template_missing_parameters isv.invalid_parameters isv.invalid_json_param isv.deny_ip_range
isv.out_of_service isv.amount_not_enough isv.account_* isv.product_un_subscript
isv.extend_code_error isp.ram_permission_deny signaturedoesnotmatch* invalidaccesskeyid*
invalidtimestamp* forbidden.* authfailure* unauthorizedoperation* missingparameter*
failedoperation.signatureincorrectorunapproved failedoperation.templateincorrectorunapproved
failedoperation.insufficientbalanceinsmspackage invalidparametervalue.sdkappidnotexist
e000101 e000102 e000103 e000104 e000105 e000106 e000110 e000112 e000510
310000 300001 300005 400101 400013 400102 40001 40014 42001 60020 48001 93000
19021 19022 19007
"""
_MESSAGES = """
isv.mobile_number_illegal isv.mobile_count_over_limit isv.black_key_control_limit
isv.sms_content_illegal isv.param_length_limit isv.param_not_support_url invalidmobile
invalidmessage mobile_in_black invalid_number user_reject content_keyword mobile_not_on_service
failedoperation.phonenumberinblacklist failedoperation.containsensitiveword
failedoperation.phonenumberonblacklist invalidparametervalue.incorrectphonenumber 81013
"""


def _compile(table: str) -> re.Pattern[str]:
    """The codes of a table as one pattern; `*` stands for any rest."""
    return re.compile("|".join(re.escape(code).replace(r"\*", ".*") for code in table.split()))


_CODES = (
    (_compile(_LATER), Refusal.BUSY),
    (_compile(_OURS), Refusal.REFUSES_US),
    (_compile(_MESSAGES), Refusal.REJECTED),
)
_TEXTS = (
    (
        re.compile(
            r"频率|频繁|流控|限流|流量控制|超限|超过.{0,12}(限制|上限|次数)|稍后|系统繁忙|"
            r"rate.?limit|too (many|fast|frequent)|frequen|throttl|try (again )?later|\bbusy\b|"
            r"limit exceeded|exceed.{0,20}limit",
            re.IGNORECASE,
        ),
        Refusal.BUSY,
    ),
    (
        re.compile(
            r"白名单|签名|鉴权|验签|余额|欠费|未授权|无权限|账[号户]|密码|模板|停机维护|"
            r"\b(signature|credential|password|account|balance|allow.?list|whitelist|template|"
            r"access.?key|token|permission)\b",
            re.IGNORECASE,
        ),
        Refusal.REFUSES_US,
    ),
    (
        re.compile(
            r"黑名单|退订|空号|号码|手机号|敏感词|"
            r"\b(blacklist(ed)?|opt(ed)?.?out|unsubscribed|invalid (number|mobile|phone))\b",
            re.IGNORECASE,
        ),
        Refusal.REJECTED,
    ),
)
SUCCESS = (
    *("0", "200", "201", "202", "true", "ok", "success", "succeed", "succeeded", "accepted"),
    *("queued", "sent", "submitted", "pending", "sending", "processing", "scheduled"),
    *("created", "completed", "delivered"),
)
"""Results that mean success at most platforms."""
GOOD = frozenset({"true", "ok", "yes", "success", "succeed", "succeeded"})
BAD = frozenset({"false", "no", "fail", "failed", "failure", "error", "rejected", "denied"})


def normalise(value: object) -> str:
    """A code in the form that is compared: no blanks, lower case, `0000` and `0.0` as `0`."""
    word = str(value).strip().lower()
    if re.fullmatch(r"[+-]?\d{1,18}(\.0{0,18})?", word):
        return str(int(word.partition(".")[0]))
    return word


def find_reason_by_code(code: str) -> Refusal | None:
    """The reason for a normalised code: `BUSY`, `REFUSES_US` or `REJECTED`; None if unknown."""
    return next((reason for known, reason in _CODES if known.fullmatch(code)), None)


def find_reason_in_text(text: str) -> Refusal | None:
    """The reason that an explanation gives, for a failure with an unknown code."""
    return next((reason for known, reason in _TEXTS if known.search(text)), None)
