"""The addresses of the pods that the node agent runs.

kwok hands out the nodes' own ranges, and forgets at every start which addresses are taken: so it is not asked.
"""

from collections.abc import Collection, Mapping
from ipaddress import IPv4Address, IPv4Network
from typing import Any

from lab.supervision import network

_RANGE = IPv4Network("10.244.128.0/18")


class Addresses:
    """Gives out addresses, each as late again as can be: somebody may still remember whose it was."""

    def __init__(self) -> None:
        self._last = int(_RANGE.network_address)

    def free(self, taken: Collection[str]) -> str:
        """Return an address that is not taken."""
        first, size = int(_RANGE.network_address), _RANGE.num_addresses
        for step in range(1, size):
            number = first + (self._last - first + step) % size
            if number != first and str(IPv4Address(number)) not in taken:
                self._last = number
                return str(IPv4Address(number))
        message = f"every address of {_RANGE} is taken"
        raise RuntimeError(message)


def addressed(pod: Mapping[str, Any], address: str) -> Mapping[str, Any]:
    """Return a pod that knows its address, whether or not its object is told yet."""
    status = pod["status"]
    if status.get("podIP") or not address:
        return pod
    known = {"podIP": address, "podIPs": [{"ip": address}]}
    host = {"hostIP": network.LAB_ADDRESS, "hostIPs": [{"ip": network.LAB_ADDRESS}]}
    return {**pod, "status": {**status, **known, **host}}
