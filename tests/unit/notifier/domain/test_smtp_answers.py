"""Whose fault a mail server's reply tells of: replies in the wording of real servers."""

import pytest

from services.notifier.domain.message import Blame, MessageRefused, OutcomeUnknown
from services.notifier.domain.smtp_answers import SmtpCommand, judge_reply

MESSAGE, RATE, GATEWAY, SUSPECTED = Blame.MESSAGE, Blame.RATE, Blame.GATEWAY, Blame.SUSPECTED
MAIL, RCPT, DATA, END = SmtpCommand.MAIL, SmtpCommand.RCPT, SmtpCommand.DATA, SmtpCommand.END

NETEASE = [
    (RCPT, 550, "User not found: nobody@163.com", MESSAGE),
    (RCPT, 550, "RP:QRC sender quota", RATE),
    (RCPT, 450, "MI:CCL 163 smtp1, please try again later", RATE),
    (MAIL, 450, "MI:CEL 163 smtp8", RATE),
    (MAIL, 553, "mail from must equal authorized user", SUSPECTED),
    (MAIL, 553, "Requested action not taken: NULL sender is not allowed", SUSPECTED),
    (MAIL, 554, "IP is rejected, smtp auth error limit exceed", GATEWAY),
    (MAIL, 554, "HL:IHU 163 smtp10, IP unrated", SUSPECTED),
    (MAIL, 421, "HL:REP 163 smtp5, the IP sends too much abnormal mail", SUSPECTED),
    (END, 554, "DT:SUM 163 smtp4, envelope sender and header sender differ", SUSPECTED),
    (END, 554, "DT:SPM 163 smtp3, the mail was taken for spam", MESSAGE),
    (END, 552, "Requested mail action aborted: exceed mailsize limit", MESSAGE),
    (END, 550, "MI:SPF 163 smtp2, the SPF check failed", SUSPECTED),
]
TENCENT = [
    (RCPT, 550, "Connection frequency limited", RATE),
    (MAIL, 550, "Domain frequency limited", RATE),
    (END, 550, "Ip frequency limited", RATE),
    (END, 550, "Sender frequency limited", RATE),
    (RCPT, 550, "Mailbox unavailable or access denied", MESSAGE),
    (RCPT, 550, "Mailbox not found", MESSAGE),
    (END, 550, "Mail is rejected by recipients", MESSAGE),
    (END, 550, "Mail content denied", MESSAGE),
    (MAIL, 501, "mail from address must be same as authorization user", SUSPECTED),
    (MAIL, 503, "Error: need EHLO and AUTH first !", GATEWAY),
    (MAIL, 530, "Error: A secure connection is required(such as ssl)", GATEWAY),
    (MAIL, 550, "Your ip is blocked, domain or IP in dns blacklist", SUSPECTED),
]
EXCHANGE = [
    (RCPT, 550, "5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found", MESSAGE),
    (RCPT, 550, "5.4.1 Recipient address rejected: Access denied", MESSAGE),
    (RCPT, 550, "5.7.54 SMTP; Unable to relay recipient in non-accepted domain", SUSPECTED),
    (MAIL, 530, "5.7.57 SMTP; Client was not authenticated to send anonymous mail", GATEWAY),
    (END, 550, "5.7.60 Client does not have permissions to send as this sender", SUSPECTED),
    (END, 554, "5.2.0 STOREDRV.Submission.Exception:SendAsDeniedException", SUSPECTED),
    (END, 554, "5.2.2 mailbox full", MESSAGE),
    (END, 550, "5.3.4 SMTPSEND.OverAdvertisedSize; message size exceeds fixed maximum", MESSAGE),
    (MAIL, 550, "5.7.606 Access denied, banned sending IP [203.0.113.9]", SUSPECTED),
    (MAIL, 550, "5.1.8 Access denied, bad outbound sender", SUSPECTED),
    (MAIL, 421, "4.3.2 The maximum number of concurrent connections has exceeded a limit", RATE),
    (MAIL, 452, "4.3.1 Insufficient system resources", RATE),
]
POSTFIX = [
    (RCPT, 550, "5.1.1 <…>: Recipient address rejected: User unknown in local table", MESSAGE),
    (RCPT, 501, "5.1.3 Bad recipient address syntax", MESSAGE),
    (RCPT, 554, "5.7.1 <…>: Relay access denied", SUSPECTED),
    (RCPT, 554, "5.7.1 <unknown[203.0.113.9]>: Client host rejected: Access denied", SUSPECTED),
    (RCPT, 450, "4.7.1 Client host rejected: cannot find your hostname", SUSPECTED),
    (RCPT, 504, "5.5.2 <gkb>: Helo command rejected: need fully-qualified hostname", SUSPECTED),
    (RCPT, 553, "5.7.1 <…>: Sender address rejected: not owned by user gkb", SUSPECTED),
    (RCPT, 554, "5.7.1 Service unavailable; blocked using zen.spamhaus.org", SUSPECTED),
    (RCPT, 450, "4.2.0 <…>: Recipient address rejected: Greylisted", RATE),
    (RCPT, 452, "4.5.3 Error: too many recipients", RATE),
    (RCPT, 450, "4.7.1 Error: too much mail from 203.0.113.9", RATE),
    (MAIL, 554, "5.7.0 Too many messages in this session", RATE),
    (END, 554, "5.7.0 The limit on the number of allowed outgoing messages was exceeded", RATE),
    (END, 550, "5.7.26 This mail failed authentication: DMARC", SUSPECTED),
    (END, 550, "5.7.1 Message content rejected", MESSAGE),
    (END, 552, "5.3.4 Error: message size exceeds fixed limit", MESSAGE),
    (DATA, 554, "5.5.1 Error: no valid recipients", SUSPECTED),
]
COREMAIL = [
    (MAIL, 550, "发送频率过高，超过系统限制，请稍后再试", RATE),
    (MAIL, 554, "超出每日发送上限", RATE),
    (RCPT, 550, "用户不存在", MESSAGE),
    (MAIL, 553, "发件人与登录用户不符", SUSPECTED),
    (RCPT, 451, "Requested mail action not taken: too much fail authentication from", GATEWAY),
]


@pytest.mark.parametrize(
    ("stage", "code", "text", "blame"), [*NETEASE, *TENCENT, *EXCHANGE, *POSTFIX, *COREMAIL]
)
def test_a_reply_tells_whose_fault_it_is(
    stage: SmtpCommand, code: int, text: str, blame: Blame
) -> None:
    found = judge_reply(stage, code, text)
    assert isinstance(found, MessageRefused)
    assert found.blame is blame
    assert found.permanent is (blame is MESSAGE)
    assert found.detail == f"SMTP {code} {text}"


@pytest.mark.parametrize("code", [200, 251, 354, 600, 999])
def test_what_is_not_understood_is_unknown_only_once_the_mail_was_handed_over(code: int) -> None:
    assert isinstance(judge_reply(END, code, "what"), OutcomeUnknown)
    before = judge_reply(RCPT, code, "what")
    assert isinstance(before, MessageRefused)
    assert not before.permanent


@pytest.mark.parametrize(
    ("stage", "reason"), [(SmtpCommand.CONNECT, "unreachable"), (SmtpCommand.LOGIN, "unauthorised")]
)
def test_until_the_server_is_ready_no_message_is_to_blame(stage: SmtpCommand, reason: str) -> None:
    found = judge_reply(stage, 554, "no SMTP service here")
    assert isinstance(found, MessageRefused)
    assert (found.reason, found.blame) == (reason, GATEWAY)


@pytest.mark.parametrize(
    ("stage", "code", "text", "reason"),
    [
        (RCPT, 550, "5.1.1 <…>: Recipient address rejected: User unknown", "bad-address"),
        (RCPT, 550, "5.1.10 RESOLVER.ADR.RecipientNotFound", "bad-address"),
        (END, 550, "User not found: x@qq.example", "bad-address"),
        (RCPT, 550, "用户不存在", "bad-address"),
        (RCPT, 450, "4.1.1 User unknown", "busy"),
        (RCPT, 552, "5.2.2 mailbox is full", "rejected"),
        (RCPT, 550, "5.2.1 mailbox unavailable", "rejected"),
    ],
)
def test_only_a_mailbox_that_does_not_exist_is_a_bad_address(
    stage: SmtpCommand, code: int, text: str, reason: str
) -> None:
    found = judge_reply(stage, code, text)
    assert isinstance(found, MessageRefused)
    assert found.reason == reason
