"""What each review code tells the office, in both languages."""

from typing import Final, NamedTuple

from services.ingest.extraction.models import ReviewCode


class Sentence(NamedTuple):
    """One statement in both languages."""

    zh: str
    en: str


SENTENCES: Final[dict[ReviewCode, Sentence]] = {
    ReviewCode.NO_DEADLINE: Sentence(
        "没有写明完成时限，请补充日期或说明为长期任务。",
        "No deadline is given; add a date, or say that the duty continues.",
    ),
    ReviewCode.NO_SUCH_DATE: Sentence(
        "写明的日期不存在，请更正。",
        "The date that is given does not exist; correct it.",
    ),
    ReviewCode.EVENT_RELATIVE: Sentence(
        "时限从某一事件起算，请确定事件日期。",
        "The deadline counts from an event; settle when that event is.",
    ),
    ReviewCode.NOT_UNDERSTOOD: Sentence(
        "此处文字未能识别，请人工确认。",
        "These words were not understood; settle what they mean.",
    ),
    ReviewCode.BEFORE_DOCUMENT: Sentence(
        "完成时限早于文件本身的日期，请核对。",
        "The deadline lies before the document's own date; check it.",
    ),
    ReviewCode.PERIOD_OPEN: Sentence(
        "只写明“定期”等，未写明周期，请确定多久一次。",
        "The duty is periodic but its period is left open; settle how often.",
    ),
    ReviewCode.ACTOR_IN_TEXT: Sentence(
        "正文另写明了责任主体，而责任单位栏没有，请确认由谁负责。",
        "The text names an actor whom the unit column does not; settle who owes it.",
    ),
}
