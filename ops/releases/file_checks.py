"""Whether a stack's file may be written as it is about to be: refused now is better than in the middle of an update."""

from collections.abc import Collection, Iterator
from typing import Any

from pydantic import ValidationError

from boutique.checks.environment import unknown_secrets
from boutique.checks.load import is_present, load
from boutique.checks.release import refused
from boutique.settings.errors import SettingsError, explain
from boutique.settings.release_settings import Release
from boutique.settings.stack import Environment
from ops.errors import OperationError
from ops.releases.service_versions import Standing
from ops.releases.stack_file import ENVIRONMENT, RELEASE, StackFile

UNCHANGED = "nothing was changed"
_READ = tuple(f"boutique:{key}{end}" for key in (ENVIRONMENT, RELEASE) for end in (":", "."))


def settings(file: StackFile) -> tuple[Environment, Release | None]:
    """Return what a file says of its environment.

    Raises:
        OperationError: It says nothing, or something that is wrong.
    """
    found = _mistakes(file)
    if found:
        raise OperationError(f"{file.path.name}: {SettingsError(found)}")
    return read(file)


def check(file: StackFile, standing: Standing, before: StackFile | None = None) -> tuple[Environment, Release | None]:
    """Return what a file that is about to be written says of its environment.

    Args:
        file: As it would be.
        standing: What the stack says of the environment, its channel among it.
        before: As it is now: what is wrong there already in other sections, such as a variable that is not set on this
            machine, is left to `pulumi`. None leaves nothing.

    Raises:
        OperationError: It must not be written; with a line for each reason.
    """
    known: Collection[str] = [each for each in _mistakes(before) if not each.startswith(_READ)] if before else ()
    if found := [each for each in _mistakes(file) if each not in known]:
        raise OperationError(f"{file.path.name}: {UNCHANGED}: {SettingsError(found)}")
    environment, release = read(file)
    names = file.secret_names
    if names is not None and (missing := list(unknown_secrets(environment, names))):
        raise OperationError(f"{file.path.name}: {UNCHANGED}: {SettingsError(missing)}")
    if standing.channel and (reasons := list(refused(standing.channel, standing.target, environment, release))):
        lines = "\n".join(f"  {each}" for each in reasons)
        raise OperationError(f"{standing.stack!r} refuses this release, and {UNCHANGED}:\n{lines}")
    return environment, release


def _mistakes(file: StackFile) -> tuple[str, ...]:
    try:
        load(*file.values)
    except SettingsError as error:
        return error.errors
    return ()


def read(file: StackFile) -> tuple[Environment, Release | None]:
    """Return what a file says of its environment, whatever may be wrong in its other sections.

    Raises:
        OperationError: It has none, or what it says is wrong.
    """
    values, _ = file.values
    section, release = values.get(ENVIRONMENT), values.get(RELEASE)
    if not is_present(section):
        raise OperationError(
            f"{file.path.name}: has no boutique:environment, so it runs no release; name the stack of an environment"
        )
    if found := [*_wrong(ENVIRONMENT, Environment, section), *_wrong(RELEASE, Release, release)]:
        raise OperationError(f"{file.path.name}: {SettingsError(found)}")
    return Environment.model_validate(section), Release.model_validate(release) if is_present(release) else None


def _wrong(key: str, model: type[Environment] | type[Release], section: Any) -> Iterator[str]:  # noqa: ANN401
    if not is_present(section):
        return
    try:
        model.model_validate(section)
    except ValidationError as error:
        yield from explain(key, model, error)
