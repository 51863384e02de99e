"""The ports of the host at which a lab is reached: by name, the first that is tried and the option that chooses one."""

from collections.abc import Mapping
from dataclasses import dataclass

from lab.errors import LabError


@dataclass(frozen=True)
class Port:
    """One port of 127.0.0.1.

    Attributes:
        first: What is tried first; if it is taken, the next ones.
        option: What of `boutique lab up` chooses another.
        what: What answers there.
    """

    first: int
    option: str
    what: str


PORTS: Mapping[str, Port] = {
    "api": Port(16443, "--port", "the API server"),
    "https": Port(8443, "--https-port", "the load balancer's HTTPS"),
    "http": Port(8080, "--http-port", "the load balancer's HTTP"),
}


def check_unchanged(name: str, ports: Mapping[str, int], remembered: Mapping[str, int]) -> None:
    """See that no port is to be changed while the lab runs.

    Args:
        name: The lab's name.
        ports: The ports that the user chose.
        remembered: The ports that it has.

    Raises:
        LabError: One is; it says how to.
    """
    for key, number in ports.items():
        if number != remembered.get(key):
            port = PORTS[key]
            message = (
                f"lab {name} is running with {port.what} at port {remembered.get(key)}: "
                f"give {port.option} {number} after `boutique lab down --name {name}`"
            )
            raise LabError(message)
