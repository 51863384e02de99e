"""Removes what has expired, and what killed commands have left of stacks that hold nothing."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from ops.errors import OperationError
from ops.features.identity import FeatureStack
from ops.features.listing import EMPTY, Listed
from ops.features.removal import down
from ops.pulumi.engine import LockedError
from ops.pulumi.workspace import BusyError, is_interrupted

_PARALLEL = 3
_BEGINNING = timedelta(minutes=10)
"""How long a stack may be there before its first resource: whoever made it, maybe elsewhere, is about to deploy."""


@dataclass(frozen=True, kw_only=True)
class Reaped:
    """What became of one feature.

    Attributes:
        feature: Which.
        busy: Who else is working on it; such a feature is left to them.
        error: Why it could not be removed.
    """

    feature: Listed
    busy: str = ""
    error: str = ""

    @property
    def removed(self) -> bool:
        """Whether it is gone."""
        return not self.busy and not self.error


def due(feature: Listed, now: datetime) -> bool:
    """Say whether a feature is to be removed."""
    if feature.trouble == EMPTY and feature.expires is None:
        return is_interrupted(feature.stack) or (feature.since is not None and now - feature.since > _BEGINNING)
    return feature.expires is not None and feature.expires <= now


def reap(project: Path, features: list[Listed], progress: Callable[[str], None]) -> tuple[Reaped, ...]:
    """Remove features; any number of processes may do so at once.

    Args:
        project: The folder of the project.
        features: Those that are due.
        progress: Is told what goes on.
    """
    with ThreadPoolExecutor(_PARALLEL) as pool:
        return tuple(pool.map(lambda each: _removed(project, each, progress), features))


def _removed(project: Path, feature: Listed, progress: Callable[[str], None]) -> Reaped:
    which = FeatureStack(name=feature.name, key=feature.key, environment=feature.environment)
    try:
        down(project, which, progress, stack=feature.stack, ignore_missing=True)
    except (BusyError, LockedError) as error:
        return Reaped(feature=feature, busy=str(error))
    except OperationError as error:
        return Reaped(feature=feature, error=str(error))
    return Reaped(feature=feature)
