"""What the closed words of the ledger and the history are called in Chinese. Pure.

Files, refusals and timelines take them from here. A word that is missing is written as stored.
"""

from collections.abc import Iterable, Mapping

from services.ingest.domain.statuses import MessageState
from shared.schemas.life import Action, ObligationStatus
from shared.schemas.rules import Audience, Channel, ObligationKind

STATUSES = {
    "open": "未办理",
    ObligationStatus.ASSIGNED: "待签收",
    ObligationStatus.ACCEPTED: "已签收",
    ObligationStatus.IN_PROGRESS: "办理中",
    ObligationStatus.SUBMITTED: "待审核",
    ObligationStatus.RETURNED: "已退回",
    ObligationStatus.DONE: "已办结",
    ObligationStatus.WITHDRAWN: "已撤回",
}
ACTIONS = {
    Action.ACCEPT: "签收",
    Action.PROGRESS: "报告进展",
    Action.SUBMIT: "报办结",
    Action.COMPLETE: "确认办结",
    Action.RETURN: "退回",
    Action.EXTEND: "延期",
    Action.OBJECT: "提出异议",
    Action.WITHDRAW: "撤回",
    Action.REOPEN: "重新办理",
}
KINDS: Mapping[str, str] = {
    ObligationKind.DEADLINE: "限期",
    ObligationKind.HEARING: "听取汇报",
}
AUDIENCES: Mapping[str, str] = {
    Audience.LIAISON: "联络员",
    Audience.DEPUTY: "分管领导",
    Audience.HEAD: "主要负责人",
}
CHANNELS: Mapping[str, str] = {
    Channel.EMAIL: "邮件",
    Channel.SMS: "短信",
    Channel.WECOM: "企业微信",
    Channel.DINGTALK: "钉钉",
    Channel.FEISHU: "飞书",
}
STATES = {
    MessageState.PENDING: "待发送",
    MessageState.SENT: "已发送",
    MessageState.DELIVERED: "已送达",
    MessageState.FAILED: "失败",
    MessageState.SUPPRESSED: "不发",
}
DECISIONS = {
    "pending": "待定",
    "granted": "已同意",
    "refused": "未同意",
    "withdrawn": "已撤回",
    "taken-back": "已撤销",
    "upheld": "成立",
    "rejected": "不成立",
    "accepted": "已采纳",
    "declined": "未采纳",
}
"""What became of an extension, an objection or a proposed correction."""
REASONS = {
    "withdrawn": "已不需提醒",
    "no-address": "联系人没有地址",
    "no-contact": "岗位没有联系人",
    "channel-off": "渠道已停用",
    "past-usefulness": "已过时效",
    "earlier-channel": "前一渠道已送达",
    "exhausted": "多次重试未成",
    "unknown-outcome": "结果不明",
    "gateway-gone": "原网关已不在网关文件中，结果不明",
    "undelivered": "网关回执：未送达",
    "cancelled": "已取消发送",
    "gateway-busy": "网关正忙，稍后发送",
    "gateway-limit": "达到网关的发送上限，稍后发送",
    "gateway-held": "原网关已暂停，恢复后再发",
    "held/no-gateway": "渠道未接通",
    "unreachable": "网关无法连接",
    "busy": "网关繁忙",
    "rejected": "网关拒收",
    "answered-failure": "网关回复失败",
    "bad-address": "地址无效",
    "unauthorised": "网关不认可本机账号",
    "insecure": "网关未加密",
    "refuses-us": "网关拒绝本机",
    "forbidden": "网关禁止发送",
    "gone": "网关已停用或对方退订",
    "unrenderable": "正文无法生成",
    "done": "已办结",
    "revised": "任务表已修订",
    "objection": "异议成立",
    "submitted": "已报办结",
    "heard": "已登记听取汇报",
    "amended": "任务表已修订",
    "extended": "期限已调整",
}
"""Why a message was not sent, or reminders were stopped."""


def name_actions(actions: Iterable[Action]) -> str:
    """Actions in Chinese, or 无."""
    return "、".join(ACTIONS[action] for action in actions) or "无"
