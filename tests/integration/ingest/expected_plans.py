"""Requests about the directory, and what they left."""

JOINT = (
    "2023年政务服务任务分解表\n\n序号\t任务名称\t具体内容\t牵头单位\t责任单位\t完成时限\n"
    "1\t专区\t建成政务公开标准化专区。\t县财政局\t县发展和改革局、凤灵街道\t2023年6月28日\n"
)
