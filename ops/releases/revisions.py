"""Revisions: the releases that the successful updates of a stack have deployed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from boutique.application.application import Application
from boutique.checks.load import is_present
from boutique.settings.release_settings import Release, difference
from boutique.settings.stack import Environment
from ops.errors import OperationError
from ops.pulumi.interrupted_updates import KILLED
from ops.pulumi.stack_history import SUCCEEDED, UPDATE, Entry, last_change
from ops.releases.service_versions import Pins, describe_changes, requested_pins
from ops.releases.stack_file import ENVIRONMENT, RELEASE

ROLLBACK = "rollback to"
"""The message of a rollback's update begins with this."""
KEPT = ("features", "target")
"""Keys of `environment` that do not configure services: a rollback keeps them."""


@dataclass(frozen=True, kw_only=True)
class RevisionContent:
    """The configuration of an environment's services.

    Attributes:
        application: The application, as it is now.
        release: The key `release`; None without one.
        environment: The key `environment`, without the keys in `KEPT`.
        secrets: The contents of the secrets that the services name; None if they cannot be decrypted.
    """

    application: Application = field(repr=False)
    release: Mapping[str, Any] | None
    environment: Mapping[str, Any]
    secrets: Mapping[str, str] | None = field(repr=False)

    def is_like(self, other: "RevisionContent") -> bool:
        """Say whether both are the same; secrets that cannot be decrypted are not compared."""
        if (self.release, self.environment) != (other.release, other.environment):
            return False
        return self.secrets is None or other.secrets is None or self.secrets == other.secrets

    @property
    def pins(self) -> Pins | None:
        """The version of every service; None if this version of the program cannot parse the settings."""
        try:
            return requested_pins(
                self.application,
                Environment.model_validate(self.environment),
                Release.model_validate(self.release) if self.release is not None else None,
            )
        except (ValidationError, ValueError):
            return None


@dataclass(frozen=True, kw_only=True)
class Former:
    """A revision: consecutive updates that deployed the same release.

    Attributes:
        first: The first of these updates.
        numbers: The numbers of all these updates.
        content: The configuration of its services.
    """

    first: Entry
    numbers: tuple[int, ...]
    content: RevisionContent


def content(
    application: Application, config: Mapping[str, Any], secrets: Mapping[str, str] | None
) -> RevisionContent | None:
    """Return the configuration of the services; None for a stack without an environment.

    Args:
        application: The application, as it is now.
        config: The keys of the stack's configuration, without the namespace.
        secrets: The contents of its service secrets; None if they cannot be decrypted.
    """
    environment = config.get(ENVIRONMENT)
    if not isinstance(environment, Mapping) or not is_present(environment):
        return None
    release = config.get(RELEASE)
    named, contents = secret_names(environment), secrets or {}
    return RevisionContent(
        application=application,
        release=release if isinstance(release, Mapping) and is_present(release) else None,
        environment={key: value for key, value in environment.items() if key not in KEPT},
        secrets=None if secrets is None and named else {name: text for name, text in contents.items() if name in named},
    )


def secret_names(environment: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names of the secrets that services refer to."""
    services = environment.get("services")
    names: set[str] = set()
    for service in services.values() if isinstance(services, Mapping) else ():
        secrets = service.get("secrets") if isinstance(service, Mapping) else None
        names |= {str(name) for name in secrets.values()} if isinstance(secrets, Mapping) else set()
    return tuple(sorted(names))


def releases(application: Application, entries: Iterable[Entry]) -> tuple[Former, ...]:
    """Return the revisions that successful updates have deployed, the oldest first."""
    revisions: list[Former] = []
    for entry in entries:
        if entry.kind != UPDATE or entry.result != SUCCEEDED:
            continue
        if (current := content(application, entry.config, entry.secrets)) is None:
            continue
        if revisions and revisions[-1].content.is_like(current):
            numbers = (*revisions[-1].numbers, entry.number)
            revisions[-1] = Former(first=revisions[-1].first, numbers=numbers, content=current)
        else:
            revisions.append(Former(first=entry, numbers=(entry.number,), content=current))
    return tuple(revisions)


def running_release(entries: Sequence[Entry], revisions: Sequence[Former]) -> Former | None:
    """Return the revision that the stack has deployed, independent of its file.

    None if there was none, or if `pulumi destroy` or an update that failed or was killed came after it.

    Args:
        entries: The updates of the stack, the oldest first.
        revisions: The revisions of these updates, as `releases` returns them.
    """
    last = last_change(tuple(entries))
    return revisions[-1] if revisions and last is not None and last.number in revisions[-1].numbers else None


def choose_release(
    application: Application, entries: Sequence[Entry], present: RevisionContent, stack: str, number: int | None
) -> Former:
    """Return the revision to roll back to.

    Args:
        application: The application, as it is now.
        entries: The updates of the stack, the oldest first.
        present: The configuration in its file now.
        stack: The name of the stack.
        number: The update to roll back to; None for the last revision that does not run.

    Raises:
        OperationError: The stack has no such revision, or runs it already.
    """
    revisions = releases(application, entries)
    current = running_release(entries, revisions)
    if number is None:
        candidates = revisions[:-1] if current else revisions
        if not candidates:
            raise OperationError(f"stack {stack!r} has no former release: no successful update differs from what runs")
        return _interrupted_rollback(entries, candidates, present) or candidates[-1]
    revision = next((revision for revision in revisions if number in revision.numbers), None)
    if revision is None:
        raise OperationError(f"{_refusal(entries, number, stack)}; `boutique rollback {stack} --list` shows which do")
    if revision is current and revision.content.is_like(present):
        raise OperationError(f"--to {number}: stack {stack!r} runs that release already")
    return revision


def _interrupted_rollback(
    entries: Sequence[Entry], candidates: Sequence[Former], present: RevisionContent
) -> Former | None:
    """Return the revision of a rollback that failed or was killed: the stack's file has it already."""
    last = last_change(tuple(entries))
    if last is None or not (last.result == KILLED or (last.result != SUCCEEDED and last.message.startswith(ROLLBACK))):
        return None
    return next((revision for revision in reversed(candidates) if revision.content.is_like(present)), None)


def differences(former: Sequence[Former], most: int | None = None) -> tuple[str, ...]:
    """Return the difference of each revision from the one before.

    Args:
        former: The revisions, the oldest first.
        most: See `service_versions.describe_changes`.
    """
    before = [None, *(revision.content for revision in former)]
    return tuple(_describe_difference(old, new.content, most) for old, new in zip(before, former, strict=False))


def _describe_difference(old: RevisionContent | None, new: RevisionContent, most: int | None) -> str:
    if old is None:
        return "the first"
    if old.pins is None or new.pins is None:
        return "settings of another version of this program"
    parts = [describe_changes(difference(old.pins, new.pins), most)]
    if _without_versions(old.environment) != _without_versions(new.environment):
        parts.append("settings")
    if old.secrets is not None and new.secrets is not None and old.secrets != new.secrets:
        parts.append("secrets")
    return "; ".join(part for part in parts if part) or "the same release, written differently"


def _without_versions(environment: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return settings without the versions in them."""
    services = {
        name: {key: value for key, value in service.items() if key != "image"}
        for name, service in (environment.get("services") or {}).items()
    }
    rest = {key: value for key, value in environment.items() if key not in ("images", "services")}
    return {**rest, "services": {name: service for name, service in services.items() if service}}


def _refusal(entries: Sequence[Entry], number: int, stack: str) -> str:
    entry = next((entry for entry in entries if entry.number == number), None)
    if entry is None:
        return f"--to {number}: stack {stack!r} has no such update"
    if entry.kind != UPDATE or entry.result != SUCCEEDED:
        return f"--to {number}: that {entry.kind} {entry.result}; only updates that succeeded have a release"
    return f"--to {number}: stack {stack!r} had no environment then"
