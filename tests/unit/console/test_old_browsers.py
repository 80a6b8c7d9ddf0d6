"""Styles and scripts that Chromium 64 understands, and pages without inline ones."""

import re
from pathlib import Path

import pytest

from services.console.texts.rendering import STATIC

TEMPLATES = STATIC.parent / "templates"
_NEWER_CSS = {
    "gap of a flex box (84)": r"(?<!grid-)(?<!row-)(?<!column-)\bgap\s*:",
    ":is, :where, :has, :focus-visible (86 and later)": r":(is|where|has|focus-visible)\b",
    "clamp, min, max (79)": r"\b(clamp|min|max)\(",
    "inset (87)": r"\binset(-\w+)*\s*:",
    "logical properties (69 to 89)": r"\b(margin|padding|border|inset)-(inline|block)\b",
    "aspect-ratio (88)": r"\baspect-ratio\s*:",
    "cascade layers, container queries, scope": r"@(layer|container|scope|property)\b",
    "nesting (112)": r"\{[^{}]*&[\s.:>#\[]",
    "media query ranges (104)": r"@media[^{]*[<>]=?",
    "overflow: clip (90)": r"overflow(-[xy])?\s*:\s*clip",
    ":not with a list (88)": r":not\([^()]*,",
    "::marker (86), ::backdrop's :modal (105)": r"::marker\b|:modal\b",
    "color-mix, lab, oklch (111)": r"\b(color-mix|lab|lch|oklab|oklch)\(",
    "units of small and large viewports (108)": r"\d[sdl]v[hwib]\b",
    "accent-color, text-underline-offset, text-wrap, content-visibility (85 and later)": (
        r"\b(accent-color|text-underline-offset|text-wrap|content-visibility)\s*:"
    ),
}
_NEWER_JS = {
    "?. (80)": r"\?\.(?!\d)",
    "?? (80)": r"\?\?",
    "replaceAll, matchAll, at, flat, flatMap, fromEntries, allSettled": (
        r"\.(replaceAll|matchAll|at|flat|flatMap|fromEntries|allSettled)\("
    ),
    "globalThis, structuredClone, queueMicrotask, AbortController, ResizeObserver": (
        r"\b(globalThis|structuredClone|queueMicrotask|AbortController|ResizeObserver)\b"
    ),
    "replaceChildren, requestSubmit, findLast, toSorted, hasOwn, Promise.any (76 and later)": (
        r"\.(replaceChildren|requestSubmit|findLast|toSorted|hasOwn|any)\("
    ),
    "BigInt, Intl of lists and distances (67 and later)": (
        r"\b(BigInt|ListFormat|RelativeTimeFormat)\b"
    ),
    "private fields, static blocks (74 and later)": r"#\w+\s*[=(;]|static\s*\{",
    "catch without a name (66)": r"\bcatch\s*\{",
    "optional assignment, numeric separators": r"(\|\||&&)=|\d_\d",
    "import (needs modules)": r"^\s*(import|export)\b",
}
_NEWER_HTML = {
    "inert (102), popover (114)": r"<[^>]*\s(inert|popover)\b",
    "search element (118)": r"<search\b",
    "modules are not sent to old browsers": r"<script[^>]*type\s*=\s*[\"']module",
}
_INLINE = {
    "a style attribute": r"\sstyle\s*=",
    "a style element": r"<style\b",
    "an inline script": r"<script(?![^>]*\bsrc=)",
    "an event handler": r"\son[a-z]+\s*=\s*[\"']",
    "another origin": r"(src|href)\s*=\s*[\"'](https?:)?//",
}


def strip_comments(text: str) -> str:
    return re.sub(r"/\*.*?\*/|\{#.*?#\}", "", text, flags=re.DOTALL)


def list_matches(path: Path, patterns: dict[str, str]) -> list[str]:
    text = strip_comments(path.read_text("utf-8"))
    return [
        f"{path.name}: {match[0]!r}: {why}"
        for why, pattern in patterns.items()
        for match in re.finditer(pattern, text, re.MULTILINE)
    ]


def test_styles_are_those_of_chromium_64() -> None:
    assert [each for path in STATIC.glob("*.css") for each in list_matches(path, _NEWER_CSS)] == []


def test_scripts_are_those_of_chromium_64() -> None:
    assert [each for path in STATIC.glob("*.js") for each in list_matches(path, _NEWER_JS)] == []


def test_pages_have_no_inline_style_or_script_nothing_newer_and_nothing_from_elsewhere() -> None:
    pages = list(TEMPLATES.rglob("*.html"))
    assert pages
    patterns = {**_INLINE, **_NEWER_HTML}
    assert [each for path in pages for each in list_matches(path, patterns)] == []


@pytest.mark.parametrize(
    ("name", "text", "patterns"),
    [
        ("a.css", ".a { gap: 1rem }", _NEWER_CSS),
        ("a.css", ".a:is(.b) { top: 0 }", _NEWER_CSS),
        ("a.css", ".a { width: clamp(1px, 2px, 3px) }", _NEWER_CSS),
        ("a.css", ".a { color: red; & .b { top: 0 } }", _NEWER_CSS),
        ("a.css", ".a:not(.b, .c) { top: 0 }", _NEWER_CSS),
        ("a.css", ".a { height: 100dvh }", _NEWER_CSS),
        ("a.css", ".a { accent-color: red }", _NEWER_CSS),
        ("a.js", "form.requestSubmit()", _NEWER_JS),
        ("a.html", "<main class='a' inert>", _NEWER_HTML),
        ("a.js", "a?.b", _NEWER_JS),
        ("a.js", "a ?? b", _NEWER_JS),
        ("a.js", "'a'.replaceAll('a', 'b')", _NEWER_JS),
        ("a.html", '<p style="top: 0">', _INLINE),
        ("a.html", "<script>alert(1)</script>", _INLINE),
        ("a.html", '<img src="//cdn.example/a.png">', _INLINE),
    ],
)
def test_what_is_newer_is_seen(
    tmp_path: Path, name: str, text: str, patterns: dict[str, str]
) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    assert list_matches(tmp_path / name, patterns)
