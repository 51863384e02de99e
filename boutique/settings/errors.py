"""Errors in a configuration, in lines that name the key, the value and what is allowed."""

import difflib
from collections.abc import Iterable, Sequence
from typing import Self

_FEW = 3


class ErrorLine(str):
    """One error: a line that begins with the key it is about, `: ` after it, and a code that other words do not change.

    Attributes:
        code: What is wrong, in kebab case: `missing`, `unknown-key`, …
    """

    __slots__ = ("code",)
    code: str

    def __new__(cls, code: str, text: str) -> Self:
        """Make a line of its code and its text."""
        line = super().__new__(cls, text)
        line.code = code
        return line

    @property
    def key(self) -> str:
        """The key in the stack file, with `boutique:`."""
        return self.partition(": ")[0].partition(" (")[0]


class SettingsError(ValueError):
    """All errors of one configuration, one a line."""

    def __init__(self, errors: Iterable[ErrorLine]) -> None:
        self.errors = tuple(errors)
        count = f"{len(self.errors)} error{'s' * (len(self.errors) > 1)}"
        super().__init__(f"{count} in the configuration:\n" + "\n".join(f"  {line}" for line in self.errors))


def nearest(name: str, candidates: Iterable[str]) -> str:
    """Return `; did you mean 'x'?` for a likely typing error, else the allowed names."""
    names = sorted(candidates)
    close = difflib.get_close_matches(name, names, n=1)
    return f"; did you mean '{close[0]}'?" if close else f"; there are: {', '.join(names)}"


def enumerate_names(names: Sequence[str], noun: str) -> str:
    """Return names for a message, such as `a, b`; of more than a few their number, such as `11 services`."""
    return ", ".join(names) if len(names) <= _FEW else f"{len(names)} {noun}"
