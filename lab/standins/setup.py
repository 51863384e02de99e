"""The setup of a stand-in."""

from collections.abc import Mapping
from dataclasses import dataclass

from lab.standins.answers import Pod
from lab.standins.behaviour import Behaviour
from lab.standins.directory import Directory


@dataclass(frozen=True, kw_only=True)
class Setup:
    """The setup of a stand-in.

    Attributes:
        pod: Its pod.
        behaviour: The workload's behaviour.
        environment: Of the container.
        directory: Resolves the names of Services.
        address: The address on which it listens.
        grace_seconds: Seconds to finish requests after SIGTERM.
    """

    pod: Pod
    behaviour: Behaviour
    environment: Mapping[str, str]
    directory: Directory
    address: str = "0.0.0.0"  # noqa: S104
    grace_seconds: float = 25.0
