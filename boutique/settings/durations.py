"""Lengths of time and points in time, as people write them."""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Self

_UNITS = {"m": "minutes", "h": "hours", "d": "days"}
_LONGEST = timedelta(days=3660)


@dataclass(frozen=True, kw_only=True)
class Duration:
    """A length of time.

    Attributes:
        text: As it was written.
        length: What it means.
    """

    text: str
    length: timedelta = field(compare=False)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a length of time.

        Raises:
            ValueError: It is none, with how one is written.
        """
        if match := re.fullmatch("([1-9][0-9]{0,6})([mhd])", text):
            length = timedelta(**{_UNITS[match[2]]: int(match[1])})
            if length <= _LONGEST:
                return cls(text=text, length=length)
        raise ValueError("must be a whole number of minutes, hours or days, such as 90m, 72h or 3d")

    def __str__(self) -> str:
        return self.text


def moment(text: str) -> datetime:
    """Return what a point in time means.

    Raises:
        ValueError: It is none, or does not say in which time zone.
    """
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        parsed = datetime.min
    if parsed.tzinfo is None:
        raise ValueError("must be a date and a time with an offset from UTC, such as 2026-01-31T18:00:00Z") from None
    return parsed.astimezone(UTC)


def written(when: datetime) -> str:
    """Return a point in time as RFC 3339 has it, to the second, in UTC."""
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
