"""The addresses of the pods that the node agent runs.

kwok hands out the nodes' own ranges, and forgets at every start which addresses are taken: so it is not asked.
"""

from collections.abc import Collection, Mapping
from ipaddress import IPv4Address, IPv4Network
from typing import Any

from lab.supervision import network

_RANGE = IPv4Network("10.244.128.0/18")


class Addresses:
    """Gives out addresses, and reuses each as late as possible: other processes may still have the old one cached."""

    def __init__(self) -> None:
        self._last = int(_RANGE.network_address)

    def free(self, used: Collection[str]) -> str:
        """Return an address that is not taken."""
        base, size = int(_RANGE.network_address), _RANGE.num_addresses
        for step in range(1, size):
            number = base + (self._last - base + step) % size
            if number != base and str(IPv4Address(number)) not in used:
                self._last = number
                return str(IPv4Address(number))
        message = f"every address of {_RANGE} is taken"
        raise RuntimeError(message)


def pod_with_address(pod: Mapping[str, Any], address: str) -> Mapping[str, Any]:
    """Return a pod with its address, which its object may not have yet."""
    status = pod["status"]
    if status.get("podIP") or not address:
        return pod
    address_fields = {"podIP": address, "podIPs": [{"ip": address}]}
    host_fields = {"hostIP": network.LAB_ADDRESS, "hostIPs": [{"ip": network.LAB_ADDRESS}]}
    return {**pod, "status": {**status, **address_fields, **host_fields}}
