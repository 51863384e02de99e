"""Changes the release in a stack's file without deploying it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from boutique.settings.release_settings import Change, difference
from ops.errors import OperationError
from ops.pulumi.stack_queries import outputs
from ops.releases.file_checks import check, read
from ops.releases.service_versions import Pins, deployed_release, requested_pins
from ops.releases.stack_file import RELEASE, StackFile


@dataclass(frozen=True, kw_only=True)
class ReleaseRequest:
    """A change of a release.

    Attributes:
        default: The version of all services whose images are published together; None keeps it.
        services: Versions of single services, by name.
        unset: Names of services to remove from the release.
    """

    default: str | None = None
    services: Mapping[str, str] = field(default_factory=dict)
    unset: Sequence[str] = ()


def set_release(project: Path, stack: str, request: ReleaseRequest) -> tuple[Change, ...]:
    """Change the release in a stack's file, and return the versions that change.

    Args:
        project: The folder of the project.
        stack: The stack.
        request: The change.

    Raises:
        OperationError: The new file is invalid, or the channel refuses the release; the file does not change.
    """
    before = StackFile.read(project, stack)
    deployed = deployed_release(stack, outputs(project, stack))
    after = with_release(before, request)
    new = requested_pins(*check(after, deployed, before))
    before.replace_with(after)
    return difference(_requested_pins(before), new)


def with_release(file: StackFile, request: ReleaseRequest) -> StackFile:
    """Return the file with another release.

    Raises:
        OperationError: The release has no version of a service to unset.
    """
    old = file.config.get(RELEASE)
    release = {key: value for key, value in old.items() if key != "enabled"} if isinstance(old, Mapping) else {}
    present = {} if release.get("services") is None else release["services"]
    if not isinstance(present, Mapping):
        raise OperationError(
            f"{file.path.name}: boutique:release.services: must be a mapping of services to versions, not {present!r}"
        )
    services = dict(present)
    for name in request.unset:
        if name not in services:
            others = ", ".join(sorted(services)) or "none"
            raise OperationError(
                f"--unset {name}: {file.path.name} has no boutique:release.services.{name}; it has {others}"
            )
        del services[name]
    services |= request.services
    new = {
        **release,
        **({"default": request.default} if request.default else {}),
        "services": services,
    }
    return file.with_values({RELEASE: {key: value for key, value in new.items() if value} or None})


def _requested_pins(file: StackFile) -> Pins:
    try:
        return requested_pins(*read(file))
    except OperationError:
        return {}
