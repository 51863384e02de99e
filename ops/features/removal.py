"""Removes features: by their stack, and by their objects that no stack knows."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from boutique.outputs import Origin
from ops.errors import OperationError
from ops.features.identity import FeatureStack
from ops.features.inventory import FeatureObject, objects
from ops.features.origin import NoEnvironmentError, namespace_of, origin
from ops.features.stack_state import stack_state
from ops.pulumi.engine import MissingStackError
from ops.pulumi.workspace import Workspace, run, workspace

Progress = Callable[[str], None]

_ABANDONED = {"PULUMI_K8S_DELETE_UNREACHABLE": "true"}


def down(
    project: Path, feature: FeatureStack, progress: Progress, *, stack: str | None = None, ignore_missing: bool = False
) -> None:
    """Remove a feature, also one that a killed command has left half deployed.

    Args:
        project: The folder of the project.
        feature: The feature.
        progress: Receives a line per step.
        stack: Its stack, if it has another name than `boutique feature up` gives.
        ignore_missing: Whether a feature without stack and objects is no error.

    Raises:
        OperationError: The feature does not exist, the stack is not its stack, or it cannot be removed.
    """
    with workspace(project, stack or feature.stack) as stack_workspace:
        progress(f"reading stack {stack_workspace.stack}")
        with ThreadPoolExecutor(2) as pool:
            future = pool.submit(_environment, project, feature.environment)
            state = pool.submit(stack_state, project, stack_workspace.stack).result()
            environment = future.result()
        if state is not None and not state.is_feature(feature.key, feature.environment):
            raise OperationError(f"stack {stack_workspace.stack!r} is not the {feature}; nothing was removed")
        if (
            not ignore_missing
            and state is None
            and not (environment and _owned_objects(environment, stack_workspace.stack))
        ):
            raise OperationError(f"{feature}: no such feature; `boutique feature list` lists them")
        if state is not None:
            _destroy(stack_workspace, progress, abandoned=environment is None)
        if environment:
            _delete_leftovers(environment, stack_workspace.stack, progress)


def _environment(project: Path, stack: str) -> Origin | None:
    try:
        return origin(project, stack)
    except NoEnvironmentError:
        return None


def _owned_objects(environment: Origin, stack: str) -> list[FeatureObject]:
    return [item for item in objects(namespace_of(environment)) if item.owner == stack]


def _delete_leftovers(environment: Origin, stack: str, progress: Progress) -> None:
    """Delete the objects that a killed update created before its stack recorded them."""
    for item in _owned_objects(environment, stack):
        progress(f"deleting {item.name}, which the stack does not know")
        namespace_of(environment).delete(item.collection, item.name)


def _destroy(stack_workspace: Workspace, progress: Progress, *, abandoned: bool) -> None:
    # Without the environment, its deployer has no rights, and the objects are gone with the namespace.
    extra = _ABANDONED if abandoned else {}
    try:
        run(
            stack_workspace,
            *("destroy", "--yes", "--skip-preview", "--remove"),
            on_line=lambda line: progress(f"{stack_workspace.stack}: {line}"),
            environment=extra,
        )
    except MissingStackError:
        progress(f"stack {stack_workspace.stack} is gone: another process has removed it")
