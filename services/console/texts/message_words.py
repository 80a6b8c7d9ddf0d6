"""Words for messages and dead letters: their states, what is done with them, and why not."""

from collections.abc import Mapping

from services.console.texts.languages import N_

STATUSES: Mapping[str, str] = {
    "pending": N_("待发送"),
    "held": N_("暂存"),
    "sent": N_("已交网关，等回执"),
    "undelivered": N_("网关回执未送达"),
    "delivered": N_("已送达"),
    "failed": N_("发送失败"),
    "suppressed": N_("没有发送"),
}
ACTIONS: Mapping[str, str] = {
    "resend": N_("重新发送"),
    "release": N_("立即发送"),
    "cancel": N_("取消发送"),
    "readdress": N_("更换地址"),
}
"""In the order in which a page offers them."""
EFFECTS: Mapping[str, str] = {
    "resend": N_(
        "以同一编号再发一次。认得重复的网关不会送两次，多数短信平台认不得：结果不明的请先查明。"
    ),
    "release": N_("立即发送，不受免打扰时段、限额和渠道先后限制；渠道没有接通的除外。"),
    "cancel": N_("不再发送，记为“没有发送”。已经交给网关的收不回来。"),
    "readdress": N_("只改这一条消息的地址，通讯录不变。发送失败的，改后再重新发送。"),
}
REFUSALS: Mapping[str, str] = {
    "delivered": N_("已送达"),
    "accepted": N_("网关已接收，没有说未送达"),
    "being-sent": N_("正在发送"),
    "still-waiting": N_("还在等待发送，不需重发"),
    "no-gateway": N_("渠道没有接通"),
    "perhaps-sent": N_("网关可能已有这条消息"),
    "not-waiting": N_("没有在等待"),
    "ended": N_("已经结束"),
    "unknown-message": N_("通知服务没有这条消息"),
}
OUTCOMES: Mapping[str, str] = {
    "accepted": N_("网关已接收"),
    "unknown": N_("结果不明"),
}
"""How an attempt ended that no gateway refused."""
CIRCUITS: Mapping[str, str] = {
    "closed": N_("接通"),
    "open": N_("断开"),
    "half-open": N_("试探"),
}
"""Whether a gateway gets messages."""
UNSENT: Mapping[str, str] = {
    "no-gateway": N_("通知服务没有这个网关，没有发送"),
    "gateway-limit": N_("达到网关的发送上限，没有发送"),
    "too-late": N_("超过 10 分钟没能发出，没有发送"),
}
"""Why nothing was sent for a test of a gateway."""
LETTER_STATES: Mapping[str, str] = {
    "open": N_("未处理"),
    "replayed": N_("已重放"),
    "discarded": N_("已作废"),
}
OBSTACLES: Mapping[str, str] = {
    "decided": N_("已经处理"),
    "incomplete": N_("没有保留完整的记录"),
    "unknown-topic": N_("不认识它的主题"),
    "too-old": N_("已超过 20 天，重放可能生效两次"),
}
"""Why a dead letter can't be replayed."""
