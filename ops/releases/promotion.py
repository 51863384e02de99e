"""Plans a promotion: the versions of one environment in the stack file of another."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from boutique.settings.release_settings import Change, difference
from ops.errors import OperationError
from ops.pulumi.stack_history import SUCCEEDED, Entry, history, last_change
from ops.pulumi.stack_queries import outputs
from ops.releases.file_checks import check, settings
from ops.releases.service_versions import (
    Standing,
    deployed_release,
    describe_changes,
    release_for,
    requested_pins,
    section,
)
from ops.releases.stack_file import ENVIRONMENT, RELEASE, StackFile

_ENOUGH = 10
"""How many updates to read to find the last one that changed resources."""


@dataclass(frozen=True, kw_only=True)
class Promotion:
    """A planned promotion.

    Attributes:
        source: The stack whose versions are taken.
        target: The stack that gets them.
        before: The target's file.
        after: The target's file with the new release.
        changes: The versions that change.
        left_out: Services of the source that the target does not run.
        kept: Services of the target that the source does not run.
        has_undeployed_settings: Whether the target's file has settings that were not deployed yet.
        is_done: Whether the target runs all these versions already.
    """

    source: str
    target: str
    before: StackFile
    after: StackFile
    changes: tuple[Change, ...]
    left_out: tuple[str, ...]
    kept: tuple[str, ...]
    has_undeployed_settings: bool
    is_done: bool

    @property
    def message(self) -> str:
        """The message of the update."""
        return f"promote {self.source} -> {self.target}: {describe_changes(self.changes) or 'finish the update'}"


def promotion(project: Path, source: str, target: str) -> Promotion:
    """Read both stacks, and plan a promotion.

    Args:
        project: The folder of the project.
        source: The stack whose versions are taken.
        target: The stack that gets them.

    Raises:
        OperationError: The promotion is refused, or a stack cannot be read.
    """
    if source == target:
        raise OperationError(f"{source!r} cannot be promoted to itself; name two stacks")
    before = StackFile.read(project, target)
    with ThreadPoolExecutor() as pool:
        source_outputs, target_outputs = (pool.submit(outputs, project, stack) for stack in (source, target))
        updates = pool.submit(history, project, target, newest=_ENOUGH)
        return plan_promotion(
            deployed_release(source, source_outputs.result()),
            deployed_release(target, target_outputs.result()),
            before,
            last_change(updates.result()),
        )


def plan_promotion(source: Standing, target: Standing, before: StackFile, last: Entry | None) -> Promotion:
    """Plan a promotion.

    Args:
        source: The release that the source has deployed.
        target: The release that the target has deployed.
        before: The target's file.
        last: The target's last update; None if there was none.

    Raises:
        OperationError: The promotion is refused.
    """
    if not source.pins:
        raise OperationError(
            f"stack {source.stack!r} has deployed no environment, so there is nothing to promote; name another, or "
            "run `pulumi up` for it first"
        )
    application, environment, release = settings(before)
    requested = requested_pins(application, environment, release)
    pins = {name: source.pins.get(name, target.pins.get(name, pin)) for name, pin in requested.items()}
    same = requested == pins
    after = before if same else before.with_values({RELEASE: section(release_for(pins, application, environment))})
    check(after, target)
    finished = last is not None and last.result == SUCCEEDED
    return Promotion(
        source=source.stack,
        target=target.stack,
        before=before,
        after=after,
        changes=difference(target.pins, pins),
        left_out=tuple(sorted(set(source.pins) - set(pins))),
        kept=tuple(sorted(set(pins) - set(source.pins))),
        has_undeployed_settings=last is not None and last.config.get(ENVIRONMENT) != before.config.get(ENVIRONMENT),
        is_done=same and dict(target.pins) == pins and finished,
    )
