"""The release of one environment: as its file says, and as its stack has deployed it."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from boutique.settings.version_channel import Channel
from ops.pulumi.stack_queries import outputs
from ops.releases.file_checks import settings
from ops.releases.service_versions import Pins, asked, standing
from ops.releases.stack_file import StackFile


@dataclass(frozen=True, kw_only=True)
class ReleaseState:
    """The versions of an environment.

    Attributes:
        stack: The stack.
        file: The name of its file.
        channel: What the environment's target lets in, if known.
        asked: What the file asks for.
        deployed: What the stack has deployed.
    """

    stack: str
    file: str
    channel: Channel | None
    asked: Pins
    deployed: Pins

    @property
    def services(self) -> tuple[str, ...]:
        """All services that either names."""
        return tuple(sorted({*self.asked, *self.deployed}))

    @property
    def differing(self) -> tuple[str, ...]:
        """Those that the file has otherwise than the stack."""
        return tuple(name for name in self.services if self.asked.get(name) != self.deployed.get(name))


def shown(project: Path, stack: str) -> ReleaseState:
    """Read the release of an environment.

    Raises:
        OperationError: The file or the stack cannot be read.
    """
    with ThreadPoolExecutor() as pool:
        said = pool.submit(outputs, project, stack)
        file = StackFile.read(project, stack)
        pins = asked(*settings(file))
        here = standing(stack, said.result())
    return ReleaseState(stack=stack, file=file.path.name, channel=here.channel, asked=pins, deployed=here.pins)


def document(found: ReleaseState) -> dict[str, Any]:
    """Return the versions of an environment for a program."""
    return {
        "stack": found.stack,
        "channel": found.channel.model_dump(by_alias=True) if found.channel else None,
        "services": {
            name: {
                "file": str(found.asked[name]) if name in found.asked else None,
                "deployed": str(found.deployed[name]) if name in found.deployed else None,
                "differs": name in found.differing,
            }
            for name in found.services
        },
    }
