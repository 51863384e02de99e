"""Removes expired features, and empty stacks that killed commands have left."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from ops.errors import OperationError
from ops.features.audit_features import forget_audit, is_killed_audit
from ops.features.identity import FeatureStack
from ops.features.listing import EMPTY, Listed
from ops.features.removal import down
from ops.pulumi.engine import LockedError
from ops.pulumi.workspace import BusyError, is_interrupted

_PARALLEL = 3
_BEGINNING = timedelta(minutes=10)
"""How long a stack may stay empty: the command that created it, maybe on another machine, is about to deploy."""


@dataclass(frozen=True, kw_only=True)
class Reaped:
    """The result of removing one feature.

    Attributes:
        feature: The feature.
        busy: The other process that works on it, which keeps it; empty without one.
        error: Why it could not be removed; empty if it was.
    """

    feature: Listed
    busy: str = ""
    error: str = ""

    @property
    def is_removed(self) -> bool:
        """Whether it is gone."""
        return not self.busy and not self.error


def is_due(feature: Listed, now: datetime) -> bool:
    """Return whether a feature has to be removed: it has expired, its stack stayed empty, or its audit was killed."""
    if is_killed_audit(feature.stack):
        return True
    if feature.trouble == EMPTY and feature.expires is None:
        return is_interrupted(feature.stack) or (feature.since is not None and now - feature.since > _BEGINNING)
    return feature.expires is not None and feature.expires <= now


def reap(project: Path, features: list[Listed], progress: Callable[[str], None]) -> tuple[Reaped, ...]:
    """Remove features; any number of processes may do so at once.

    Args:
        project: The folder of the project.
        features: The features that are due.
        progress: Receives a line per step.
    """
    with ThreadPoolExecutor(_PARALLEL) as pool:
        return tuple(pool.map(lambda feature: _remove(project, feature, progress), features))


def _remove(project: Path, feature: Listed, progress: Callable[[str], None]) -> Reaped:
    identity = FeatureStack(name=feature.name, key=feature.key, environment=feature.environment)
    try:
        down(project, identity, progress, stack=feature.stack, ignore_missing=True)
    except (BusyError, LockedError) as error:
        return Reaped(feature=feature, busy=str(error))
    except OperationError as error:
        return Reaped(feature=feature, error=str(error))
    forget_audit(feature.stack)
    return Reaped(feature=feature)
