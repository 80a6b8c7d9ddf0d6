"""What the cover of a proof of notice says, counted while the entries are written."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from services.ingest.domain import words
from services.ingest.domain.proof import ProvenMessage
from services.ingest.domain.statuses import MessageState
from services.ingest.exports.cover import CoverTable, ProofCover
from shared.proof.entries import Chain, EntryKind
from shared.proof.hashing import Algorithm
from shared.proof.manifest import ProofRequest

_MOST_UNITS, _MOST_MESSAGES = 1000, 300
"""How many rows a cover has at most."""
_ALGORITHMS = {Algorithm.SHA256: "SHA-256", Algorithm.SM3: "SM3（GB/T 32905）"}
_UNITS = (
    *(("单位", 10), ("责任事项", 4), ("提醒", 3), ("消息", 3)),
    *(("网关已接收", 5), ("已送达", 3), ("失败", 3), ("办理记录", 4)),
)
_MESSAGES = (("提醒时点", 5), ("对象", 3), ("渠道", 2), ("地址", 8), ("结果", 3))
_NOT_SHOWN = (
    "文件本身不能排除整份另行制作。出具时，末项哈希与封存值已记入本办日志，"
    "可用 cuiban proof verify 文件.zip --journal 核对。封存值涵盖本页，故不印在本页。"
)
_SENT = {MessageState.SENT, MessageState.DELIVERED}


@dataclass(slots=True)
class ProofTally:
    """Counts what the entries state, by unit; keeps the first messages as rows."""

    zone: ZoneInfo
    units: list[tuple[str, Counter[str]]] = field(default_factory=list)
    messages: list[tuple[str, ...]] = field(default_factory=list)
    _left_out: int = 0

    def begin_unit(self, name: str) -> None:
        """Count for this unit from now on."""
        self.units.append((name, Counter()))

    def count(self, kind: EntryKind) -> None:
        """Count an entry."""
        self.units[-1][1][kind] += 1

    def count_message(self, message: ProvenMessage) -> None:
        """Count a message by what became of it."""
        counts = self.units[-1][1]
        counts["accepted"] += message.state in _SENT
        counts[message.state.value] += 1
        if len(self.messages) == _MOST_MESSAGES:
            self._left_out += 1
            return
        row = (
            f"{message.slot.astimezone(self.zone):%Y-%m-%d %H:%M}",
            words.AUDIENCES.get(message.audience, message.audience),
            words.CHANNELS.get(message.channel, message.channel),
            message.address or "（无，或已清除）",
            words.STATES[message.state],
        )
        self.messages.append(row)

    def make_cover(self, request: ProofRequest, chain: Chain) -> ProofCover:
        """The cover of an archive whose entries end with this chain."""
        tables = [
            CoverTable("各单位情况", _UNITS, [_make_row(*each) for each in self._list_units()])
        ]
        if request.unit_id or request.obligation_id:
            tables.append(CoverTable("消息", _MESSAGES, self.messages))
        return ProofCover(
            "送达证明", tuple(_list_facts(request, chain)), tuple(tables), self._list_notes()
        )

    def _list_units(self) -> list[tuple[str, Counter[str]]]:
        shown = self.units[:_MOST_UNITS]
        if rest := self.units[_MOST_UNITS:]:
            together: Counter[str] = Counter()
            for _, counts in rest:
                together.update(counts)
            shown = [*shown, (f"其余 {len(rest)} 个单位", together)]
        return shown

    def _list_notes(self) -> tuple[str, ...]:
        notes = [
            "全部事实见本压缩包内的 entries.jsonl，每行一条，逐条相扣；本页只是摘要。",
            "校验：cuiban proof verify 文件.zip，只需要文件本身；任何一处被改动，都会被指出。",
            _NOT_SHOWN,
        ]
        if self._left_out:
            notes.insert(0, f"另有 {self._left_out} 条消息未列于本页。")
        return tuple(notes)


def _list_facts(request: ProofRequest, chain: Chain) -> list[tuple[str, str]]:
    scope = request.unit or "全部单位"
    made_at = datetime.fromisoformat(request.made_at).astimezone(ZoneInfo(request.timezone))
    if request.obligation_id:
        scope = f"{scope}，责任事项 {request.obligation_id}"
    return [
        ("出具机关", request.office),
        ("期间", f"{request.first or '最初'} 至 {request.last}"),
        ("范围", scope),
        ("出具时间", f"{made_at:%Y-%m-%d %H:%M:%S}（{request.timezone}）"),
        ("出具人", request.made_by),
        ("证明编号", request.proof_id),
        ("条目数", str(chain.count)),
        ("算法", _ALGORITHMS[request.algorithm]),
        ("末项哈希", chain.head.hex()),
    ]


def _make_row(name: str, counts: Counter[str]) -> tuple[str, ...]:
    kinds = (EntryKind.OBLIGATION, EntryKind.REMINDER, EntryKind.MESSAGE)
    states = ("accepted", MessageState.DELIVERED, MessageState.FAILED)
    return (name, *(str(counts[each]) for each in (*kinds, *states, EntryKind.CHANGE)))
