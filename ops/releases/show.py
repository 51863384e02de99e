"""Compares the release in an environment's stack file with the deployed one."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from boutique.settings.version_channel import Channel
from ops.pulumi.stack_queries import outputs
from ops.releases.file_checks import settings
from ops.releases.service_versions import Pins, deployed_release, requested_pins
from ops.releases.stack_file import StackFile


@dataclass(frozen=True, kw_only=True)
class ReleaseState:
    """The versions of an environment.

    Attributes:
        stack: The stack.
        file: The name of its file.
        channel: The channel of the environment's target; None without one, or before the first update.
        requested: The versions in the file.
        deployed: The versions that the stack has deployed.
    """

    stack: str
    file: str
    channel: Channel | None
    requested: Pins
    deployed: Pins

    @property
    def services(self) -> tuple[str, ...]:
        """All services in the file or the stack."""
        return tuple(sorted({*self.requested, *self.deployed}))

    @property
    def differing(self) -> tuple[str, ...]:
        """The services whose versions differ between the file and the stack."""
        return tuple(name for name in self.services if self.requested.get(name) != self.deployed.get(name))


def read_release_state(project: Path, stack: str) -> ReleaseState:
    """Read the release of an environment.

    Raises:
        OperationError: The file or the stack cannot be read.
    """
    with ThreadPoolExecutor() as pool:
        stack_outputs = pool.submit(outputs, project, stack)
        file = StackFile.read(project, stack)
        requested = requested_pins(*settings(file))
        deployed = deployed_release(stack, stack_outputs.result())
    return ReleaseState(
        stack=stack, file=file.path.name, channel=deployed.channel, requested=requested, deployed=deployed.pins
    )


def document(state: ReleaseState) -> dict[str, Any]:
    """Return the versions of an environment as `--json` prints them."""
    return {
        "stack": state.stack,
        "channel": state.channel.model_dump(by_alias=True) if state.channel else None,
        "services": {
            name: {
                "file": str(state.requested[name]) if name in state.requested else None,
                "deployed": str(state.deployed[name]) if name in state.deployed else None,
                "differs": name in state.differing,
            }
            for name in state.services
        },
    }
