"""Checks a stack's file before it is written, so that an update does not fail halfway."""

from collections.abc import Collection, Iterator
from typing import Any

from pydantic import ValidationError

from boutique.application.application import Application
from boutique.checks.environment import unknown_secrets
from boutique.checks.load import is_present, load
from boutique.checks.release import channel_refusals
from boutique.settings.errors import ErrorLine, SettingsError
from boutique.settings.fields import WORKLOADS
from boutique.settings.release_settings import Release
from boutique.settings.stack import NAMESPACE, Environment
from boutique.settings.validation_errors import explain
from ops.errors import OperationError
from ops.releases.service_versions import Standing
from ops.releases.stack_file import ENVIRONMENT, RELEASE, StackFile

UNCHANGED = "nothing was changed"
_READ = tuple(f"boutique:{key}{end}" for key in (ENVIRONMENT, RELEASE) for end in (":", "."))


def settings(file: StackFile) -> tuple[Application, Environment, Release | None]:
    """Return the application, the settings of an environment and its release from a stack's file.

    Raises:
        OperationError: The file has no environment, or is invalid.
    """
    errors = _errors(file)
    if errors:
        raise OperationError(f"{file.path.name}: {SettingsError(errors)}")
    return read(file)


def check(
    file: StackFile, deployed: Standing, before: StackFile | None = None
) -> tuple[Application, Environment, Release | None]:
    """Return the application, the settings of an environment and its release from a file that is about to be written.

    Args:
        file: The new file.
        deployed: The deployed release, with the channel of the environment's target.
        before: The current file: errors that it has already in other sections, such as a variable that is not set on
            this machine, are left to `pulumi`. None to report all errors.

    Raises:
        OperationError: The new file is invalid, or the channel refuses the release; with a line for each reason.
    """
    present: Collection[str] = [error for error in _errors(before) if not error.startswith(_READ)] if before else ()
    if errors := [error for error in _errors(file) if error not in present]:
        raise OperationError(f"{file.path.name}: {UNCHANGED}: {SettingsError(errors)}")
    application, environment, release = read(file)
    names = file.secret_names
    if names is not None and (missing := list(unknown_secrets(environment, names))):
        raise OperationError(f"{file.path.name}: {UNCHANGED}: {SettingsError(missing)}")
    if deployed.channel and (
        reasons := list(channel_refusals(application, deployed.channel, deployed.target, environment, release))
    ):
        lines = "\n".join(f"  {reason}" for reason in reasons)
        raise OperationError(f"{deployed.stack!r} refuses this release, and {UNCHANGED}:\n{lines}")
    return application, environment, release


def _errors(file: StackFile) -> tuple[ErrorLine, ...]:
    try:
        load(*file.values, root=file.project)
    except SettingsError as error:
        return error.errors
    return ()


def read(file: StackFile) -> tuple[Application, Environment, Release | None]:
    """Return the application, the settings of an environment and its release, without a check of other sections.

    Raises:
        OperationError: The file has no environment, or the environment or the release is invalid.
    """
    values, _ = file.values
    section, release = values.get(ENVIRONMENT), values.get(RELEASE)
    if not is_present(section):
        raise OperationError(
            f"{file.path.name}: has no boutique:environment, so it runs no release; name the stack of an environment"
        )
    application = file.application
    context = {WORKLOADS: application.workloads_by_name}
    if errors := [
        *_validation_errors(ENVIRONMENT, Environment, section, context),
        *_validation_errors(RELEASE, Release, release, context),
    ]:
        raise OperationError(f"{file.path.name}: {SettingsError(errors)}")
    return (
        application,
        Environment.model_validate(section),
        Release.model_validate(release) if is_present(release) else None,
    )


def _validation_errors(
    key: str,
    model: type[Environment] | type[Release],
    section: Any,  # noqa: ANN401
    context: dict[str, Any],
) -> Iterator[ErrorLine]:
    if not is_present(section):
        return
    try:
        model.model_validate(section, context=context)
    except ValidationError as error:
        yield from explain(f"{NAMESPACE}:{key}.", model, error)
