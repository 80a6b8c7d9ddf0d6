"""What is wrong with a text that a person wrote: where, what, and what to do. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Mark:
    """A place in a text, counted from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class TextProblem:
    """One thing that is wrong.

    Attributes:
        mark: where it stands.
        path: where in its content, such as `rules.0.when.1.days`; empty for the whole.
        code: a word for programs.
        message, hint: in Chinese and then in English; a hint may be empty.
    """

    mark: Mark
    path: str
    code: str
    message: str
    hint: str = ""

    def describe(self) -> str:
        """The message with its path, for content that came without a text."""
        return f"{self.path}：{self.message}"
