"""Which testers' sessions a feature has."""

from collections.abc import Sequence
from typing import Any

from ops.errors import OperationError


def joined(section: dict[str, Any], sessions: Sequence[str]) -> dict[str, Any]:
    """Return a feature's section with more sessions; one that is there already stays once."""
    return {**section, "sessions": list(dict.fromkeys([*section.get("sessions", ()), *sessions]))}


def left(section: dict[str, Any], sessions: Sequence[str]) -> dict[str, Any]:
    """Return a feature's section with fewer sessions.

    Raises:
        OperationError: One of them is not there. It is told by its place: whoever has a session's id has the session.
    """
    there = section.get("sessions", ())
    for place, each in enumerate(sessions, start=1):
        if each not in there:
            raise OperationError(
                f"--session {place} has not joined this feature; `boutique feature show` says how many"
            )
    return {**section, "sessions": [each for each in there if each not in sessions]}
