"""Removes features: by their stack, and by their objects where the stack does not know them any more."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ops.errors import OperationError
from ops.features.identity import FeatureStack
from ops.features.inventory import FoundFeature, objects
from ops.features.origin import FeatureOrigin, NoEnvironmentError, origin
from ops.features.stack_state import stack_state
from ops.pulumi.engine import MissingStackError
from ops.pulumi.workspace import Workspace, run, workspace

Progress = Callable[[str], None]

_ABANDONED = {"PULUMI_K8S_DELETE_UNREACHABLE": "true"}


def down(
    project: Path, which: FeatureStack, progress: Progress, *, stack: str | None = None, ignore_missing: bool = False
) -> None:
    """Remove a feature, whatever a killed command has left of it.

    Args:
        project: The folder of the project.
        which: The feature.
        progress: Is told what goes on.
        stack: Its stack, if that has another name than `boutique feature up` gives.
        ignore_missing: Whether it is well if there is nothing of it.

    Raises:
        OperationError: There is nothing of it, the stack is another's, or it cannot be removed.
    """
    with workspace(project, stack or which.stack) as within:
        progress(f"reading stack {within.stack}")
        with ThreadPoolExecutor(2) as pool:
            reading = pool.submit(_environment, project, which.environment)
            state = pool.submit(stack_state, project, within.stack).result()
            there = reading.result()
        if state is not None and not state.is_feature(which.key, which.environment):
            raise OperationError(f"stack {within.stack!r} is not the {which}; nothing was removed")
        if not ignore_missing and state is None and not (there and _owned(there, within.stack)):
            raise OperationError(f"{which}: there is none; `boutique feature list` shows which there are")
        if state is not None:
            _destroy(within, progress, abandoned=there is None)
        if there:
            _sweep(there, within.stack, progress)


def _environment(project: Path, stack: str) -> FeatureOrigin | None:
    try:
        return origin(project, stack)
    except NoEnvironmentError:
        return None


def _owned(there: FeatureOrigin, stack: str) -> list[FoundFeature]:
    return [each for each in objects(there.namespace) if each.owner == stack]


def _sweep(there: FeatureOrigin, stack: str, progress: Progress) -> None:
    """Delete what a killed update made before its stack knew of it."""
    for each in _owned(there, stack):
        progress(f"deleting {each.name}, which the stack did not know")
        there.namespace.delete(each.collection, each.name)


def _destroy(within: Workspace, progress: Progress, *, abandoned: bool) -> None:
    # Where the environment is gone, so are its deployer's rights, and the objects with the namespace.
    extra = _ABANDONED if abandoned else {}
    try:
        run(
            within,
            *("destroy", "--yes", "--skip-preview", "--remove"),
            said=lambda line: progress(f"{within.stack}: {line}"),
            environment=extra,
        )
    except MissingStackError:
        progress(f"stack {within.stack} is gone: somebody else has removed it")
