"""A template as a file of YAML: its kind, its name and its parts. Pure."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shared.marked.locating import list_model_problems, locate
from shared.marked.marks import MarkedText, UnreadableError, read_marked
from shared.marked.problems import Mark, TextProblem
from shared.marked.schema import StrictSchema
from shared.messages.templates.checking import check_template
from shared.schemas.templates import NAME_PATTERN, PARTS, STANDARD, TemplateKind, TemplateParts


class TemplateFile(BaseModel):
    """What a file says; a part that its kind does not have is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: TemplateKind
    name: str = Field(default=STANDARD, pattern=NAME_PATTERN)
    note: str = Field(default="", max_length=4000)
    subject: str = Field(default="", max_length=300)
    text: str = Field(default="", max_length=20_000)
    html: str = Field(default="", max_length=60_000)

    @property
    def parts(self) -> TemplateParts:
        """The parts of the template."""
        return TemplateParts(subject=self.subject, text=self.text, html=self.html)


@dataclass(frozen=True, slots=True)
class TemplateReading:
    """What a text says, or everything that is wrong in it, in its order.

    `sms_parts` as in `shared.messages.templates.checking.Check`, without the office's signature.
    """

    file: TemplateFile | None
    problems: tuple[TextProblem, ...]
    sms_parts: tuple[int, int] | None = None


def read_template_file(text: str) -> TemplateReading:
    """Read and check a text; each problem has its line in the text."""
    try:
        marked = read_marked(text)
    except UnreadableError as error:
        return TemplateReading(None, error.problems)
    if not isinstance(marked.content, dict):
        message = "模板须是“键: 值”，以 kind 为主。A template is a mapping with the key kind."
        return TemplateReading(None, (locate(marked, (), "wrong-type", message),))
    try:
        file = TemplateFile.model_validate(marked.content)
    except ValidationError as error:
        schema = TemplateFile.model_json_schema(schema_generator=StrictSchema)
        return TemplateReading(None, _sort(list_model_problems(marked, error, schema)))
    foreign = [name for name in ("subject", "text", "html") if name not in PARTS[file.kind]]
    problems = [
        locate(
            marked,
            (name,),
            "unknown-key",
            f"{file.kind} 没有 {name} 这一部分。There is no {name} in {file.kind}.",
            "请删去。Leave it out.",
            key=True,
        )
        for name in foreign
        if name in marked.content
    ]
    check = check_template(file.kind, file.parts)
    problems += [move_to_file(marked, text, problem) for problem in check.problems]
    return TemplateReading(file, _sort(problems), check.sms_parts)


def move_to_file(marked: MarkedText, text: str, problem: TextProblem) -> TextProblem:
    """A problem of a part, with its line in the file: a block begins on the line after its `|`."""
    mark = marked.find_mark((problem.path,))
    if (problem.path,) not in marked.values:
        return replace(problem, mark=Mark(1, 1))
    line = text.splitlines()[mark.line - 1]
    is_block = line[mark.column - 1 : mark.column] in {"|", ">"}
    return replace(problem, mark=Mark(mark.line + problem.mark.line - (0 if is_block else 1), 1))


def write_template_file(file: TemplateFile) -> str:
    """The text that `read_template_file` reads as the same template."""
    lines = [f"kind: {file.kind.value}"]
    if file.name != STANDARD:
        lines.append(f"name: {json.dumps(file.name, ensure_ascii=False)}")
    if file.note:
        lines.append(f"note: {json.dumps(file.note, ensure_ascii=False)}")
    for part in PARTS[file.kind]:
        written: str = getattr(file, part)
        if "\n" not in written:
            lines.append(f"{part}: {json.dumps(written, ensure_ascii=False)}")
            continue
        lines.append(f"{part}: |2")
        lines += [f"  {line}" if line else "" for line in written.split("\n")]
    return "\n".join(lines).rstrip("\n") + "\n"


def _sort(problems: Iterable[TextProblem]) -> tuple[TextProblem, ...]:
    return tuple(sorted(problems, key=lambda problem: problem.mark))
