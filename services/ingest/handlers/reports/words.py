"""What the closed words of the ledger and the history are called in an office's documents."""

STATUSES = {
    "open": "未办理",
    "assigned": "待签收",
    "accepted": "已签收",
    "in-progress": "办理中",
    "submitted": "待审核",
    "returned": "已退回",
    "done": "已办结",
    "withdrawn": "已撤回",
}
KINDS = {"deadline": "限期", "hearing": "听取汇报"}
AUDIENCES = {"liaison": "联络员", "deputy": "分管领导", "head": "主要负责人"}
CHANNELS = {"email": "邮件", "sms": "短信"}
STATES = {
    "pending": "待发送",
    "sent": "已发送",
    "delivered": "已送达",
    "failed": "失败",
    "suppressed": "不发",
}
"""A word that is missing here is written as it is stored."""
