"""Texts in both languages, put together from parts. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Phrase:
    """A text in Chinese and in English."""

    chinese: str
    english: str

    def choose(self, language: str) -> str:
        """The text in a language, `zh` or `en`."""
        return self.chinese if language == "zh" else self.english


def say(chinese: str, english: str, **values: object) -> Phrase:
    """A text, its `{name}` replaced by values: each language takes its part of a phrase."""
    return Phrase(
        chinese.format_map({name: _take(value, "zh") for name, value in values.items()}),
        english.format_map({name: _take(value, "en") for name, value in values.items()}),
    )


def join(phrases: Iterable[Phrase], chinese: str = "、", english: str = ", ") -> Phrase:
    """Phrases with a separator between them."""
    listed = list(phrases)
    return Phrase(
        chinese.join(phrase.chinese for phrase in listed),
        english.join(phrase.english for phrase in listed),
    )


def join_values(values: Iterable[object]) -> Phrase:
    """Values that are the same in both languages, such as numbers and names."""
    return join(Phrase(str(value), str(value)) for value in values)


def _take(value: object, language: str) -> str:
    return value.choose(language) if isinstance(value, Phrase) else str(value)
