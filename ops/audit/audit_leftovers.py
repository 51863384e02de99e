"""Removes the features of earlier audits that were killed."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from ops.features.audit_features import forget_other_audits, is_audit, is_killed_audit
from ops.features.listing import Listed, list_features
from ops.features.reaping import Reaped, is_due, reap


class Leftovers:
    """The features of earlier audits of one environment.

    Args:
        project: The folder of the project.
        environment: The environment's stack.
    """

    def __init__(self, project: Path, environment: str) -> None:
        self._project = project
        self._environment = environment
        self._left: tuple[Reaped, ...] | None = None

    def remove(self, progress: Callable[[str], None]) -> None:
        """Remove those whose audit was killed on this machine or whose time is over; a second time, what was left.

        Raises:
            OperationError: The features cannot be listed.
        """
        if self._left is None:
            progress("looking for earlier audits")
            listed = list_features(self._project, self._environment)
            forget_other_audits(self._environment, [feature.stack for feature in listed])
            now = datetime.now(UTC)
            due = [feature for feature in listed if _is_of_audit(feature) and is_due(feature, now)]
        else:
            # The Pulumi of a killed audit may have gone on for a while.
            due = [result.feature for result in self._left]
        self._left = tuple(result for result in reap(self._project, due, progress) if not result.is_removed)

    @property
    def warnings(self) -> tuple[str, ...]:
        """One line for each that could not be removed."""
        return tuple(
            f"the feature {result.feature.key!r} of an earlier audit is left: {result.busy or result.error}"
            for result in self._left or ()
        )


def _is_of_audit(feature: Listed) -> bool:
    # Beside a service with a long name, the key is cut.
    return is_audit(feature.key) or is_killed_audit(feature.stack)
