"""How long a container waits that ends again and again."""

import time

_STEADY = 60.0
"""A container that lived this long is not the same trouble again: its next end costs no pause."""

_LONGEST_PAUSE = 8.0


def pause(failures: int) -> float:
    """Return the seconds before a container is started again that has ended so often in a row."""
    return 0.0 if failures <= 1 else min(2.0 ** (failures - 2), _LONGEST_PAUSE)


class RestartBackoff:
    """Counts the ends of one container in a row."""

    def __init__(self) -> None:
        self._failures = 0

    @property
    def seconds(self) -> float:
        """How long the container has to wait now."""
        return pause(self._failures)

    def note_end(self, since: float) -> None:
        """Take note of the end of a process that was started at a moment, in seconds since the epoch."""
        self._failures = 1 if time.time() - since > _STEADY else self._failures + 1

    def note_failed_start(self) -> None:
        """Take note that it could not be started."""
        self._failures += 1
