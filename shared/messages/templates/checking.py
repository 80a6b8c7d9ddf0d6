"""Checks a template before it is published: what is wrong in it, with part and line. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass

from jinja2 import nodes

from shared.marked.problems import Mark, TextProblem
from shared.messages.sms import PARTS as MOST_SMS_PARTS
from shared.messages.sms import write_signature
from shared.messages.sms_parts import count_parts
from shared.messages.templates.language import TemplateFault, list_faults
from shared.messages.templates.markup import list_markup_faults
from shared.messages.templates.names import list_names
from shared.messages.templates.samples import MARKUP, list_samples
from shared.messages.templates.sandbox import (
    MOST_STEPS,
    TemplateError,
    compile_part,
    count_steps,
    parse_part,
)
from shared.messages.templates.words import SUBJECT_LIMIT, Words
from shared.messages.wording import clean
from shared.schemas.templates import PARTS, TemplateKind, TemplateParts

MOST_ITEMS = 1000
"""So many items a message must be able to have."""


@dataclass(frozen=True, slots=True)
class Check:
    """What a check says.

    Attributes:
        problems: by part and line; the path of each is its part.
        sms_parts: the fewest and the most parts of a short message, with the signature; None for a
            mail, and for what can't be rendered.
    """

    problems: tuple[TextProblem, ...]
    sms_parts: tuple[int, int] | None = None


def check_template(kind: TemplateKind, parts: TemplateParts, signature: str = "") -> Check:
    """Check each part, then what all samples give; `signature` is that of short messages."""
    problems = [
        _locate(part, fault)
        for part in PARTS[kind]
        for fault in _check_part(kind, part, getattr(parts, part))
    ]
    if problems:
        return Check(tuple(problems))
    samples = list(list_samples(kind, signature))
    texts = [_render(kind, parts, words) for words in samples]
    problems = list(dict.fromkeys(_list_problems(kind, samples, texts, signature)))
    if kind is not TemplateKind.DIGEST_SMS or problems:
        return Check(tuple(problems))
    counts = [count_parts(_finish_sms(text["text"], signature)) for text in texts]
    return Check((), (min(counts), max(counts)))


def _check_part(kind: TemplateKind, part: str, source: str) -> Iterator[TemplateFault]:
    """The faults of a part by itself."""
    if not source.strip():
        yield TemplateFault(1, "missing", f"缺少 {part}。The part {part} is missing.")
        return
    try:
        tree = parse_part(source, escape=part == "html")
        faults = list(list_faults(tree, list_names(kind, part)))
        yield from faults
        if not faults:
            compile_part(kind, part, source)
    except TemplateError as error:
        message = f"这里的写法不对。It is no template here: {str(error).rstrip('.')}."
        hint = "请检查 {{ }} 和 {% %} 是否成对。Check that {{ }} and {% %} are in pairs."
        yield TemplateFault(error.line or 1, "syntax", message, hint)
        return
    if part == "html":
        yield from list_markup_faults(tree)
    if part == "subject" and "\n" in source.strip():
        yield TemplateFault(2, "subject", "主题须为一行。The subject is one line.")
    if kind is TemplateKind.DIGEST_SMS and source.lstrip().startswith("【"):
        message = "不要写签名，系统会加上。Leave the signature out: it is added."
        yield TemplateFault(1, "signature", message, "签名在设置里改。It is one of the settings.")
    yield from _check_steps(tree)


def _check_steps(tree: nodes.Template) -> Iterator[TemplateFault]:
    steps, of_item = count_steps(tree)
    if steps + of_item * MOST_ITEMS > MOST_STEPS:
        message = "循环里的内容过多。There is too much in the loop."
        hint = f"须能列出 {MOST_ITEMS} 项。It must be able to list {MOST_ITEMS} items."
        line = next((loop.lineno for loop in tree.find_all(nodes.For)), 1)
        yield TemplateFault(line, "too-much", message, hint)


def _render(kind: TemplateKind, parts: TemplateParts, words: Words) -> dict[str, str | TextProblem]:
    """What each part gives for a sample, or why it gives nothing."""
    made: dict[str, str | TextProblem] = {}
    for part in PARTS[kind]:
        try:
            made[part] = compile_part(kind, part, getattr(parts, part)).render(words)
        except TemplateError as error:
            message = f"有的消息里没有这个值。Some messages have no such value ({error})."
            hint = "先用 {% if door %} 等判断。Ask for it first, as by {% if door %}."
            made[part] = _locate(part, TemplateFault(error.line or 1, "no-value", message, hint))
    return made


def _list_problems(
    kind: TemplateKind,
    samples: list[Words],
    texts: list[dict[str, str | TextProblem]],
    signature: str,
) -> Iterator[TextProblem]:
    for words, made in zip(samples, texts, strict=True):
        for part, text in made.items():
            if isinstance(text, TextProblem):
                yield text
            else:
                yield from (_locate(part, each) for each in _judge(kind, part, text, words))
        sms = made["text"]
        if kind is TemplateKind.DIGEST_SMS and isinstance(sms, str):
            yield from _judge_sms(_finish_sms(sms, signature))


def _judge(kind: TemplateKind, part: str, text: str, words: Words) -> Iterator[TemplateFault]:
    """What is wrong with a rendered part."""
    door = words["door"]
    if part == "subject":
        if not clean(text):
            yield TemplateFault(
                1, "subject", "主题有时是空的。The subject is empty for some messages."
            )
        elif len(clean(text)) > SUBJECT_LIMIT:
            message = f"主题有时超过 {SUBJECT_LIMIT} 个字。It is sometimes too long."
            yield TemplateFault(1, "subject", message)
    elif door is not None and not (door.address in text and door.secret in text):
        names = "{{ door.address }}"
        if kind is TemplateKind.DIGEST_SMS:
            names = "{{ door.address }}、{{ door.secret }}"
        message = f"{part} 里缺少办理链接。The way into the portal is missing in {part}."
        yield TemplateFault(1, "no-link", message, f"写上 {names}。Write {names}.")
    if part == "html" and MARKUP in text:
        yield TemplateFault(1, "unescaped", "有的值没有转义。Some value is not escaped.")
    if part != "subject" and not text.strip():
        yield TemplateFault(
            1, "empty", f"{part} 有时是空的。The part {part} is empty for some messages."
        )


def _judge_sms(text: str) -> Iterator[TextProblem]:
    parts = count_parts(text)
    if parts > MOST_SMS_PARTS:
        message = (
            f"连同签名有时达 {parts} 条，最多 {MOST_SMS_PARTS} 条。"
            f"With the signature it has {parts} parts for some messages, at most {MOST_SMS_PARTS}."
        )
        hint = "请写短些，不要逐项列出。Make it shorter: don't list the items."
        yield _locate("text", TemplateFault(1, "sms-parts", message, hint))


def _finish_sms(text: str | TextProblem, signature: str) -> str:
    return write_signature(signature) + clean(str(text))


def _locate(part: str, fault: TemplateFault) -> TextProblem:
    return TextProblem(Mark(fault.line, 1), part, fault.code, fault.message, fault.hint)
