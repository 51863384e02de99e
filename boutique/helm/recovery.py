"""How an update picks up Helm releases that a killed one left in the middle of an operation.

Helm locks a release by the status of its last revision. A process that is killed leaves the lock, and Helm does not
install a release that has any record. So an update decides by the stack's state:

- A release in the stack's state is upgraded. Its last revision is marked as failed, as Helm itself does it; Helm then
  upgrades from the last one that was deployed. The description changes, since Pulumi would not upgrade a release whose
  settings are the same.
- A release that the state does not know is installed. The records of the killed installation are removed. Helm adopts
  the objects that it left, which bear the release's name.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from boutique.helm.records import DEPLOYED, FAILED, STUCK, HelmContent, HelmRecord
from boutique.helm.releases import HelmRelease


@dataclass(frozen=True, kw_only=True)
class Recovery:
    """What has to be done before a release can be installed or upgraded.

    Attributes:
        remove: Records of an installation that the stack does not know, the oldest first.
        fail: Records of operations that no process will finish.
        description: Of the next revision of the release; None if it has none.
        problem: What is stuck, for the user; empty if nothing is.
        action: What the update does about it, after a subject such as "this update".
    """

    remove: tuple[HelmRecord, ...] = ()
    fail: tuple[HelmRecord, ...] = ()
    description: str | None = None
    problem: str = ""
    action: str = ""

    def message(self, subject: str) -> str:
        """Return problem and action in one sentence."""
        return f"{self.problem}; {subject} {self.action}"


def upgrade(release: HelmRelease, records: Sequence[HelmRecord], description: str | None) -> Recovery:
    """Return what a release needs that is in the stack's state.

    Args:
        release: The release.
        records: Its records, in any order.
        description: That of its last update.
    """
    last = max(records, key=lambda record: record.revision, default=None)
    if last is None or last.status not in STUCK | {FAILED}:
        return Recovery(description=description)
    interrupted = last.status in STUCK
    return Recovery(
        fail=tuple(record for record in records if record.status in STUCK) if interrupted else (),
        # The moment tells it from the same revision of an earlier installation.
        description=f"Upgrade after revision {last.revision} of {last.created} was interrupted or failed",
        problem=f"Helm release {release.key}: revision {last.revision} is {last.status}",
        action=f"{'marks it as failed and ' if interrupted else ''}upgrades the release again",
    )


def install(release: HelmRelease, records: Sequence[HelmRecord]) -> Recovery:
    """Return what a release of this stack needs that is not in its state.

    Args:
        release: The release.
        records: Its records, in any order.
    """
    ordered = tuple(sorted(records, key=lambda record: record.revision))
    if not ordered:
        return Recovery()
    last = ordered[-1]
    return Recovery(
        remove=ordered,
        problem=f"Helm release {release.key}: revision {last.revision} is {last.status}, and its installation was "
        "interrupted before the stack knew of it",
        action="removes its record and installs the release again",
    )


def is_own(release: HelmRelease, last: HelmRecord, content: HelmContent, *, owner: str | None, stack: str) -> bool:
    """Say whether this stack has begun an installation.

    Args:
        release: The release that the stack installs.
        last: The newest record under its name.
        content: Of that record.
        owner: The stack that the namespace's annotation names.
        stack: The stack that is updated.
    """
    if content.chart != release.chart:
        return False
    same_values: bool = _compact(content.values) == _compact(release.values)
    if not release.owns_namespace:
        return same_values
    # A user may correct the values after a kill, but not those of a release that is deployed already.
    return owner == stack and (same_values or last.status != DEPLOYED)


def foreign(release: HelmRelease, last: HelmRecord, content: HelmContent, *, owner: str | None, stack: str) -> str:
    """Return the message for a release that others have installed under the name of this stack's."""
    others = owner if owner != stack else None
    whose = (
        f"namespace {release.namespace!r} belongs to stack {others!r}" if others else "this stack did not install it"
    )
    return (
        f"Helm release {release.key}: exists (chart {content.chart!r}, revision {last.revision}, {last.status}), and "
        f"{whose}; it is left as it is. If it is not needed, remove it: helm uninstall {release.name} "
        f"-n {release.namespace}; else leave its part out of this stack"
    )


def _compact(value: Any) -> Any:  # noqa: ANN401 - values of a chart are any JSON
    """Return a value without its empty parts, which do not survive the way through Pulumi and Helm."""
    if isinstance(value, Mapping):
        parts = {key: _compact(part) for key, part in value.items()}
        return {key: part for key, part in parts.items() if part not in (None, {}, [])}
    if isinstance(value, list | tuple):
        return [_compact(part) for part in value]
    return value
