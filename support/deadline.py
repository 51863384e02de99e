"""The time limit of a command as a whole."""

import time


class Deadline:
    """A moment at which a command has to be done.

    Args:
        seconds: How far away it is.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._began = time.monotonic()

    @property
    def spent(self) -> float:
        """Seconds since the beginning."""
        return time.monotonic() - self._began

    @property
    def left(self) -> float:
        """Seconds that are left; never 0, since for many libraries a timeout of 0 means no timeout."""
        return max(0.01, self.seconds - self.spent)

    @property
    def is_over(self) -> bool:
        """Whether the time is up."""
        return self.spent >= self.seconds
