"""The tables of one file, each under its own title and year: last year's beside this year's."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from services.ingest.extraction.table.tables import Heading
from services.ingest.extraction.titles import Frame, read_frame, read_own_year


@dataclass(frozen=True, slots=True)
class PlanPart:
    """The tasks from index `start` up to the next part, and the frame printed above them."""

    start: int
    frame: Frame
    place: str

    def is_old(self, plan: Frame) -> bool:
        """Whether its year differs from the plan's."""
        return self.frame.year != plan.year

    def describe_doubt(self, plan: Frame) -> str:
        """The warning that asks whether the part's tasks still apply."""
        title = f"《{self.frame.title}》" if self.frame.title else ""
        return (
            f"此表属于{self.frame.year}年{title}，而计划属于{plan.year}年，请确认其中任务是否仍需办理"
            f" This table is of {self.frame.year}, the plan is of {plan.year}: settle whether it"
            " still holds."
        )


def list_parts(headings: Sequence[Heading], frame: Frame) -> Iterator[PlanPart]:
    """List the parts in order. A table without a title or a year has those of the one before.

    `frame` is that of the first table.
    """
    last = frame
    for number, heading in enumerate(headings):
        if number:
            year = read_own_year(heading.paragraphs)
            own = read_frame(heading.paragraphs, (), "")
            if year is None or (own.title or last.title, year) == (last.title, last.year):
                continue  # it prints none, or the same on another page
            last = replace(own, year=year, issued=None)
        place = heading.paragraphs[-1].place if heading.paragraphs else ""
        yield PlanPart(heading.start, last, place)


def choose_newest_frame(parts: Sequence[PlanPart], frame: Frame) -> Frame:
    """The plan's frame: that of the table with the latest year, with the document's own date."""
    years = [part.frame.year for part in parts if part.frame.year is not None]
    if not years or max(years) == frame.year:
        return frame
    part = next(part for part in parts if part.frame.year == max(years))
    return replace(part.frame, issued=frame.issued, issuer=part.frame.issuer or frame.issuer)


def get_part_at(parts: Sequence[PlanPart], index: int) -> PlanPart | None:
    """The part that contains the task with this index."""
    return next((part for part in reversed(parts) if part.start <= index), None)
