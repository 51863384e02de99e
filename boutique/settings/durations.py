"""Lengths of time and points in time, as people write them."""

import re
from datetime import UTC, datetime, timedelta

_UNITS = {"m": "minutes", "h": "hours", "d": "days"}
_LONGEST = timedelta(days=3660)


def check_duration(text: str) -> str:
    """Return a length of time, or raise a ValueError that says how one is written."""
    if not re.fullmatch("[1-9][0-9]{0,6}[mhd]", text) or _duration(text) > _LONGEST:
        raise ValueError("must be a whole number of minutes, hours or days, such as 90m, 72h or 3d")
    return text


def duration(text: str) -> timedelta:
    """Return what a length of time means.

    Raises:
        ValueError: It is none.
    """
    return _duration(check_duration(text))


def check_moment(text: str) -> str:
    """Return a point in time, or raise a ValueError that says how one is written."""
    moment(text)
    return text


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


def _duration(text: str) -> timedelta:
    return timedelta(**{_UNITS[text[-1]]: int(text[:-1])})
