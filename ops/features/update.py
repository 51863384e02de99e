"""Creates a feature's stack, or changes it: the same program with the same configuration as `pulumi up`."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from boutique.application.application import Application
from boutique.checks.feature import errors as feature_errors
from boutique.checks.feature import fits
from boutique.features import feature_workloads
from boutique.names.feature_names import preview_host
from boutique.outputs import Origin
from boutique.settings.durations import Duration, moment, written
from boutique.settings.errors import SettingsError
from boutique.settings.feature_settings import ChangedService, Feature
from boutique.settings.stack import NAMESPACE
from boutique.settings.validation_errors import explain
from ops.errors import OperationError
from ops.features.identity import FeatureStack
from ops.features.origin import origin
from ops.features.sessions import add_sessions
from ops.features.stack_state import StackState, stack_state
from ops.pulumi.engine import EngineError
from ops.pulumi.stack_application import read_application
from ops.pulumi.workspace import Workspace, run, workspace

Progress = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class FeatureRequest:
    """The arguments of `up`.

    Attributes:
        services: Versions by the name of the service; empty for the newest builds of the branch.
        audited: Images by the name of the service, for an audit; it has no versions then.
        sessions: Ids of more testers' sessions; those that have joined stay.
        ttl: The time to live from now; None for the default of the environment.
        header: Whether requests may select it by header; None keeps the setting.
        secrets_provider: The secrets provider of a new stack; None for Pulumi's default.
    """

    services: Mapping[str, str] = field(default_factory=dict)
    audited: Mapping[str, str] = field(default_factory=dict)
    sessions: Sequence[str] = ()
    ttl: Duration | None = None
    header: bool | None = None
    secrets_provider: str | None = None


@dataclass(frozen=True, kw_only=True)
class Updated:
    """The result of an update.

    Attributes:
        identity: The feature.
        url: Its preview link.
        expires: When it may be removed; None for never.
        versions: By the name of the service.
        sessions: How many testers' sessions it has.
        warnings: The warnings of Pulumi.
        output: The whole output of Pulumi.
        left: Why services keep the version of the environment, by name, if the registry was read.
    """

    identity: FeatureStack
    url: str
    expires: datetime | None
    versions: Mapping[str, str]
    sessions: int
    warnings: Sequence[str]
    output: str
    left: Mapping[str, str] = field(default_factory=dict)


def up(
    project: Path,
    feature: FeatureStack,
    request: FeatureRequest,
    progress: Progress,
    *,
    on_builds: Callable[[Sequence[str]], None] = lambda _: None,
    preview: bool = False,
) -> Updated:
    """Deploy a feature, or a new build of it; sessions that have joined stay.

    Args:
        project: The folder of the project.
        feature: The feature.
        request: Its builds, sessions and settings.
        progress: Receives a line per step.
        on_builds: Receives the builds of the branch in the registry as lines, if the request names no services.
        preview: Whether to preview the update only.

    Raises:
        OperationError: The update is refused or fails.
    """
    with workspace(project, feature.stack) as stack_workspace:
        environment, state = _read(project, feature, progress)
        application = read_application(project, environment.application.reference)
        before = (state.section if state else None) or {}
        services, left = request.services, {}
        if not services and not request.audited:
            # Only here: an HTTP client takes half as long to import as the rest of the command.
            from ops.features.discovery import discover_builds

            discovery = discover_builds(application, environment.settings, feature, progress)
            on_builds(discovery.lines)
            services, left = discovery.taken, dict(discovery.left)
        ttl = request.ttl or environment.features.default_ttl
        section = {
            "environment": feature.environment,
            "branch": before.get("branch", feature.name),
            "services": {
                **{name: {"version": version} for name, version in services.items()},
                **{name: {"image": image} for name, image in request.audited.items()},
            },
            **({"audit": True} if request.audited else {}),
            "sessions": add_sessions(dict(before), request.sessions)["sessions"],
            "header": before.get("header", False) if request.header is None else request.header,
            "expires": written(datetime.now(UTC) + ttl.length),
        }
        _configure(stack_workspace, application, environment, state, section)
        if state is None:
            progress(f"creating stack {feature.stack}")
            provider = ["--secrets-provider", request.secrets_provider] if request.secrets_provider else []
            run(stack_workspace, "stack", "init", "--no-select", *provider)
        output = _run(stack_workspace, state, progress, preview=preview)
    return _result(feature, environment, section, output, left)


def change(
    project: Path, feature: FeatureStack, edit: Callable[[dict[str, Any]], dict[str, Any]], progress: Progress
) -> Updated:
    """Change the configuration of a deployed feature, starting from the section in its stack.

    Args:
        project: The folder of the project.
        feature: The feature.
        edit: Returns the new section for the old one.
        progress: Receives a line per step.

    Raises:
        OperationError: The feature does not exist, or the change is refused or fails.
    """
    with workspace(project, feature.stack) as stack_workspace:
        environment, state = _read(project, feature, progress)
        if state is None or state.section is None:
            missing = f"stack {feature.stack!r} was never deployed completely" if state else "no such feature"
            raise OperationError(f"{feature}: {missing}; deploy it with `boutique feature up`")
        section = edit(dict(state.section))
        application = read_application(project, environment.application.reference)
        _configure(stack_workspace, application, environment, state, section)
        output = _run(stack_workspace, state, progress, preview=False)
    return _result(feature, environment, section, output, {})


def _read(project: Path, feature: FeatureStack, progress: Progress) -> tuple[Origin, StackState | None]:
    """Read the environment, and the feature's own stack if there is one.

    Raises:
        OperationError: One of them cannot be read, or the stack is not the feature's.
    """
    progress(f"reading stack {feature.environment}")
    with ThreadPoolExecutor(2) as pool:
        environment = pool.submit(origin, project, feature.environment)
        future = pool.submit(stack_state, project, feature.stack)
        origin_of_feature, state = environment.result(), future.result()
    if state is not None and not state.is_feature(feature.key, feature.environment):
        raise OperationError(f"stack {feature.stack!r} is not the {feature}; rename the branch, or that stack")
    return origin_of_feature, state


def _configure(
    stack_workspace: Workspace,
    application: Application,
    environment: Origin,
    state: StackState | None,
    section: dict[str, Any],
) -> None:
    """Write the file of the feature's stack, if its section is valid."""
    _check(application, section, environment)
    stack_workspace.configure({**(state.settings if state else {}), "config": {"boutique:feature": section}})


def _result(
    feature: FeatureStack, environment: Origin, section: Mapping[str, Any], output: str, left: Mapping[str, str]
) -> Updated:
    return Updated(
        identity=feature,
        url=environment.entrance.link(preview_host(feature.key, environment.entrance.host)),
        expires=moment(section["expires"]) if section.get("expires") else None,
        versions={
            name: ChangedService.model_validate(service).version_name for name, service in section["services"].items()
        },
        sessions=len(section.get("sessions", ())),
        warnings=[
            line.strip().removeprefix("warning: ")
            for line in output.splitlines()
            if line.lstrip().startswith("warning: ")
        ],
        output=output,
        left=left,
    )


def _check(application: Application, section: dict[str, Any], environment: Origin) -> None:
    """Check the section of a feature before any resource is created.

    Raises:
        OperationError: The section is invalid.
    """
    try:
        feature = Feature.model_validate(section)
        if errors := list(feature_errors(application, feature)):
            raise SettingsError(errors)
        key = feature_workloads.identity(application, feature).key
        services = feature_workloads.feature_workloads(application, environment.settings, feature, key)
        if errors := list(fits(feature, services, environment.features, datetime.now(UTC))):
            raise SettingsError(errors)
    except ValidationError as error:
        raise OperationError(str(SettingsError(explain(f"{NAMESPACE}:feature.", Feature, error)))) from None
    except SettingsError as error:
        raise OperationError(str(error)) from None


def _run(stack_workspace: Workspace, before: StackState | None, progress: Progress, *, preview: bool) -> str:
    command = ("preview",) if preview else ("up", "--yes", "--skip-preview", "--suppress-outputs")
    # Refresh restores objects that were removed or scaled; the program provides the current token.
    refreshed = ("--refresh", "--run-program") if before else ()
    try:
        output = run(
            stack_workspace, *command, *refreshed, on_line=lambda line: progress(f"{stack_workspace.stack}: {line}")
        )
    except EngineError:
        if before is None:
            _forget(stack_workspace, progress)
        raise
    if preview and before is None:
        _forget(stack_workspace, progress)
    return output


def _forget(stack_workspace: Workspace, progress: Progress) -> None:
    """Remove a new stack that has created nothing."""
    state = stack_state(stack_workspace.folder, stack_workspace.stack)
    if state and not state.keys:
        progress(f"removing stack {stack_workspace.stack}, which has created nothing")
        run(stack_workspace, "destroy", "--yes", "--skip-preview", "--remove")
