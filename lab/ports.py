"""The ports of the host at which a lab is reached: by name, the first that is tried and the option that chooses one."""

from collections.abc import Mapping
from dataclasses import dataclass

from lab.errors import LabError


@dataclass(frozen=True)
class Port:
    """A port of 127.0.0.1.

    Attributes:
        first: The port that is tried first; if it is taken, the next ones.
        option: The option of `boutique lab up` that chooses another port.
        description: The server that answers there.
    """

    first: int
    option: str
    description: str


PORTS: Mapping[str, Port] = {
    "api": Port(16443, "--port", "the API server"),
    "https": Port(8443, "--https-port", "the load balancer's HTTPS"),
    "http": Port(8080, "--http-port", "the load balancer's HTTP"),
}


def check_unchanged(name: str, ports: Mapping[str, int], remembered: Mapping[str, int]) -> None:
    """Refuse to change a port while the lab runs.

    Args:
        name: The lab's name.
        ports: The ports that the user chose.
        remembered: The ports that it has.

    Raises:
        LabError: A port differs; it says how to change it.
    """
    for key, number in ports.items():
        if number != remembered.get(key):
            port = PORTS[key]
            message = (
                f"lab {name} is running with {port.description} at port {remembered.get(key)}: "
                f"give {port.option} {number} after `boutique lab down --name {name}`"
            )
            raise LabError(message)
