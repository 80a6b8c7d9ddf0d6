"""From an office's template to the text of a message. Pure."""

from dataclasses import dataclass, field

from shared.messages.sms import PARTS as MOST_SMS_PARTS
from shared.messages.sms import write_signature
from shared.messages.sms_parts import count_parts
from shared.messages.templates.sandbox import TemplateError, compile_part
from shared.messages.templates.words import Words, cut_subject
from shared.messages.wording import Door, clean
from shared.schemas.templates import PARTS, TemplateKind, TemplateParts

_TOLD = frozenset({"told", "message"})


@dataclass(frozen=True, slots=True)
class Rendered:
    """The text of a message; a short message has the text alone, with its signature."""

    subject: str
    text: str = field(repr=False)
    html: str = field(repr=False)


def render_parts(
    kind: TemplateKind, parts: TemplateParts, words: Words, signature: str = ""
) -> Rendered:
    """The text of a message with these words.

    The subject, and a short message, are put on one line. The other parts see the subject that the
    template made.

    Raises:
        TemplateError: it can't be rendered, it lacks the unit's link, or a short message is too
            long.
    """
    made = {"subject": "", "text": "", "html": ""}
    for part in PARTS[kind]:
        made[part] = compile_part(kind, part, getattr(parts, part)).render(words)
        if part == "subject":
            made[part] = cut_subject(made[part])
            words = words | {"subject": made[part]}
    if kind is TemplateKind.DIGEST_SMS:
        made["text"] = write_signature(signature) + clean(made["text"])
        if count_parts(made["text"]) > MOST_SMS_PARTS:
            raise TemplateError("the short message has too many parts")
    rendered = Rendered(**made)
    if missing := find_missing(kind, rendered, words["door"]):
        raise TemplateError(f"the {missing} lacks the link")
    return rendered


def can_tell_others(kind: TemplateKind, parts: TemplateParts) -> bool:
    """Whether messages to posts of another unit can be written by it.

    Otherwise they would greet and ask the unit that owes the items. Each part but the subject must
    use `told`, or the built-in short message. False also for what is no template.
    """
    try:
        used = [
            compile_part(kind, part, getattr(parts, part)).names
            for part in PARTS[kind]
            if part != "subject"
        ]
    except TemplateError:
        return False
    return all(names & _TOLD for names in used)


def find_missing(kind: TemplateKind, rendered: Rendered, door: Door | None) -> str:
    """The part that lacks the way into the portal; empty when none does."""
    if door is None:
        return ""
    for part in PARTS[kind]:
        shown: str = getattr(rendered, part)
        if part != "subject" and not (door.address in shown and door.secret in shown):
            return part
    return ""
