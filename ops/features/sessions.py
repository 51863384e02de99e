"""Adds testers' sessions to a feature, and removes them."""

from collections.abc import Sequence
from typing import Any

from ops.errors import OperationError


def add_sessions(section: dict[str, Any], sessions: Sequence[str]) -> dict[str, Any]:
    """Return a feature's section with more sessions, each listed once."""
    return {**section, "sessions": list(dict.fromkeys([*section.get("sessions", ()), *sessions]))}


def remove_sessions(section: dict[str, Any], sessions: Sequence[str]) -> dict[str, Any]:
    """Return a feature's section with fewer sessions.

    Raises:
        OperationError: A session has not joined. The message gives its position: its id is a secret.
    """
    joined = section.get("sessions", ())
    for position, session in enumerate(sessions, start=1):
        if session not in joined:
            raise OperationError(
                f"--session {position} has not joined this feature; `boutique feature show` says how many"
            )
    return {**section, "sessions": [session for session in joined if session not in sessions]}
