"""Creates a feature's stack, or changes it: the same program with the same configuration as `pulumi up`."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from boutique.checks.feature import fits
from boutique.checks.load import load
from boutique.features import feature_workloads
from boutique.names.feature_names import preview_host
from boutique.settings.durations import duration, moment, written
from boutique.settings.errors import SettingsError
from ops.errors import OperationError
from ops.features.identity import FeatureStack
from ops.features.origin import FeatureOrigin, origin
from ops.features.sessions import joined
from ops.features.stack_state import StackState, stack_state
from ops.pulumi.engine import EngineError
from ops.pulumi.workspace import Workspace, run, workspace

Progress = Callable[[str], None]
Section = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class FeatureRequest:
    """What `up` is asked for.

    Attributes:
        services: Versions by the name of the service; empty for whatever the branch has built.
        sessions: Ids of testers' sessions, beside those that have joined already.
        ttl: How long it is to live from now; None for as long as the environment says.
        header: Whether requests may ask for it by header; None leaves that as it is.
        secrets_provider: What encrypts the secrets of a new stack; None for Pulumi's own choice.
    """

    services: Mapping[str, str]
    sessions: Sequence[str] = ()
    ttl: str | None = None
    header: bool | None = None
    secrets_provider: str | None = None


@dataclass(frozen=True, kw_only=True)
class Updated:
    """What came of it.

    Attributes:
        identity: Which feature.
        url: Its preview link.
        expires: When it may be removed; None for never.
        versions: By the name of the service.
        sessions: How many testers' sessions it has.
        warnings: What Pulumi warned of.
        said: All it said.
        left: Why services stay as the environment has them, by name, if the registry was asked.
    """

    identity: FeatureStack
    url: str
    expires: datetime | None
    versions: Mapping[str, str]
    sessions: int
    warnings: Sequence[str]
    said: str
    left: Mapping[str, str] = field(default_factory=dict)


def up(
    project: Path,
    which: FeatureStack,
    wanted: FeatureRequest,
    progress: Progress,
    *,
    found: Callable[[Sequence[str]], None] = lambda _: None,
    preview: bool = False,
) -> Updated:
    """Deploy a feature, or a new build of it; sessions that have joined stay.

    Args:
        project: The folder of the project.
        which: The feature.
        wanted: What it is to be.
        progress: Is told what goes on.
        found: Is told, in lines, what the registry has of the branch, if no services were named.
        preview: Only look what would be done.

    Raises:
        OperationError: It is refused or fails.
    """
    left: dict[str, str] = {}

    def services(there: FeatureOrigin) -> Mapping[str, str]:
        if wanted.services:
            return wanted.services
        # Only here: an HTTP client takes half as long to import as the rest of the command.
        from ops.features.discovery import discovered

        discovery = discovered(there.settings, which, progress)
        found(discovery.lines)
        left.update(discovery.left)
        return discovery.taken

    def section(there: FeatureOrigin, before: Section) -> dict[str, Any]:
        ttl = wanted.ttl or there.features.default_ttl
        return {
            "of": which.environment,
            "branch": before.get("branch", which.name),
            "services": {name: {"version": version} for name, version in services(there).items()},
            "sessions": joined(dict(before), wanted.sessions)["sessions"],
            "header": before.get("header", False) if wanted.header is None else wanted.header,
            "expires": written(datetime.now(UTC) + duration(ttl)),
        }

    done = _update(project, which, section, progress, provider=wanted.secrets_provider, create=True, preview=preview)
    return replace(done, left=left)


def change(
    project: Path, which: FeatureStack, changed: Callable[[dict[str, Any]], dict[str, Any]], progress: Progress
) -> Updated:
    """Change the configuration of a feature that is there, as its stack remembers it.

    Args:
        project: The folder of the project.
        which: The feature.
        changed: Returns the new section for the old one.
        progress: Is told what goes on.

    Raises:
        OperationError: There is no such feature, or the change is refused or fails.
    """
    return _update(project, which, lambda _, before: changed(dict(before)), progress, create=False)


def _update(
    project: Path,
    which: FeatureStack,
    section: Callable[[FeatureOrigin, Section], dict[str, Any]],
    progress: Progress,
    *,
    create: bool,
    provider: str | None = None,
    preview: bool = False,
) -> Updated:
    with workspace(project, which.stack) as within:
        progress(f"reading stack {which.environment}")
        there, state = _read(project, which)
        if state is not None and not state.is_feature(which.key, which.environment):
            raise OperationError(f"stack {which.stack!r} is not the {which}; rename the branch, or that stack")
        before = state.section if state else None
        if before is None and not create:
            missing = f"stack {which.stack!r} was never deployed to its end" if state else "there is none"
            raise OperationError(f"{which}: {missing}; deploy it with `boutique feature up`")
        content = section(there, before or {})
        _check(content, there)
        within.configure({**(state.settings if state else {}), "config": {"boutique:feature": content}})
        if state is None:
            progress(f"creating stack {which.stack}")
            run(within, "stack", "init", "--no-select", *(["--secrets-provider", provider] if provider else []))
        said = _run(within, state, progress, preview=preview)
    return Updated(
        identity=which,
        url=there.entrance.link(preview_host(which.key, there.entrance.host)),
        expires=moment(content["expires"]) if content.get("expires") else None,
        versions={name: each["version"] for name, each in content["services"].items()},
        sessions=len(content.get("sessions", ())),
        warnings=[
            line.strip().removeprefix("warning: ")
            for line in said.splitlines()
            if line.lstrip().startswith("warning: ")
        ],
        said=said,
    )


def _read(project: Path, which: FeatureStack) -> tuple[FeatureOrigin, StackState | None]:
    with ThreadPoolExecutor(2) as pool:
        there = pool.submit(origin, project, which.environment)
        state = pool.submit(stack_state, project, which.stack)
        return there.result(), state.result()


def _check(section: dict[str, Any], there: FeatureOrigin) -> None:
    """Refuse what can be known to be wrong, before anything is created."""
    try:
        feature = load({"feature": section}).feature
        if feature is not None:
            key = feature_workloads.identity(feature).key
            services = feature_workloads.changed(there.settings, feature, key)
            if mistakes := list(fits(feature, services, there.features, datetime.now(UTC))):
                raise SettingsError(mistakes)
    except SettingsError as mistakes:
        raise OperationError(str(mistakes)) from None


def _run(within: Workspace, before: StackState | None, progress: Progress, *, preview: bool) -> str:
    command = ("preview",) if preview else ("up", "--yes", "--skip-preview", "--suppress-outputs")
    # What others removed or scaled since has to come back; the program has the token that is valid now.
    refreshed = ("--refresh", "--run-program") if before else ()
    try:
        said = run(within, *command, *refreshed, said=lambda line: progress(f"{within.stack}: {line}"))
    except EngineError:
        if before is None:
            _forget(within, progress)
        raise
    if preview and before is None:
        _forget(within, progress)
    return said


def _forget(within: Workspace, progress: Progress) -> None:
    """Remove a new stack that has made nothing."""
    state = stack_state(within.folder, within.stack)
    if state and not state.keys:
        progress(f"removing stack {within.stack}, which has made nothing")
        run(within, "destroy", "--yes", "--skip-preview", "--remove")
