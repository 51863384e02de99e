"""The networks of the pods: one network namespace each, all on one bridge in the lab's own."""

import ctypes
import os
import shutil
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any, TypeVar

from pyroute2 import IPRoute, NetlinkError

from lab.nodeagent import nft_table
from lab.nodeagent.nft_table import RedirectionRule
from lab.supervision import network
from lab.supervision.process import host_pid

_BRIDGE = "cbr0"
_UNPRIVILEGED_PORTS = Path("/proc/sys/net/ipv4/ip_unprivileged_port_start")
_LOCAL_TABLE = 255
_LINK = 253
_CLONE_NEWNET = 0x40000000
_PREFIX = int(network.PODS.partition("/")[2])
_LIBC = ctypes.CDLL(None, use_errno=True)

T = TypeVar("T")


def bridge() -> None:
    """Make the bridge, unless it is there already."""
    with IPRoute() as routes:
        if not routes.link_lookup(ifname=_BRIDGE):
            routes.link("add", ifname=_BRIDGE, kind="bridge")
        index = _index(routes, _BRIDGE)
        routes.link("set", index=index, state="up")
        # The loopback has it as well, but istioctl introduces itself by an address of another interface only.
        routes.addr("replace", index=index, address=network.LAB_ADDRESS, prefixlen=32)


def make(address: str, rules: Sequence[RedirectionRule]) -> int:
    """Make a pod's network; return the number of the process that keeps it alive, which does nothing else."""
    with _in_namespace(_unshare):
        # It ends with the lab's process namespace at the latest, and the network namespace with it.
        holder = os.posix_spawn(
            shutil.which("sleep", path=os.defpath) or "sleep", ["sleep", "infinity"], {}, setsid=True
        )
    try:
        _connect(address, holder)
        inside(holder, lambda: _address(address, rules))
    except BaseException:
        os.kill(holder, signal.SIGKILL)
        os.waitpid(holder, 0)
        raise
    return holder


def inside(pid: int, work: Callable[[], T]) -> T:
    """Do something in the network namespace of a process, in the calling thread alone."""
    path = Path(f"/proc/{host_pid(pid)}/ns/net")

    def enter() -> None:
        with path.open() as namespace:
            _set(namespace.fileno())

    with _in_namespace(enter):
        return work()


def remove(address: str) -> None:
    """Forget the way to a pod whose network is gone or about to go."""
    with IPRoute() as routes:
        for index in routes.link_lookup(ifname=_interface(address)):
            # It goes by itself with the other end, so with the pod's last process, perhaps at this very moment.
            with suppress(NetlinkError):
                routes.link("del", index=index)
        with suppress(NetlinkError):
            routes.route("del", **_way(address))


def _connect(address: str, holder: int) -> None:
    remove(address)
    with IPRoute() as routes:
        number = IPv4Address(address).packed
        # An address that goes to another pod keeps its hardware address, so no cached one is wrong.
        hardware = ":".join(f"{byte:02x}" for byte in (0x02, 0, *number))
        peer = {"ifname": "eth0", "net_ns_pid": holder, "address": hardware}
        routes.link("add", ifname=_interface(address), kind="veth", peer=peer)
        bridged = _index(routes, _BRIDGE)
        routes.link("set", index=_index(routes, _interface(address)), master=bridged, state="up")
        routes.route("add", oif=bridged, prefsrc=network.LAB_ADDRESS, **_way(address))


def _address(address: str, rules: Sequence[RedirectionRule]) -> None:
    with IPRoute() as routes:
        routes.link("set", index=_index(routes, "lo"), state="up")
        interface = _index(routes, "eth0")
        routes.addr("add", index=interface, address=address, prefixlen=_PREFIX)
        routes.link("set", index=interface, state="up")
        # No way to anywhere else: what is not in the lab is unreachable at once.
        routes.route("add", dst=network.SERVICES, gateway=network.LAB_ADDRESS)
    # The programs of images have no capabilities, and some listen on port 80. Only the network's own ports are meant.
    with suppress(OSError):
        _UNPRIVILEGED_PORTS.write_text("0")
    nft_table.apply("capture", rules)


def _index(routes: IPRoute, name: str) -> int:
    """Return the number of an interface.

    Raises:
        OSError: It is not there, or the kernel did not answer: pyroute2 does not say which.
    """
    # pyroute2 returns None instead of an empty list when no answer came.
    indexes = routes.link_lookup(ifname=name)
    if not indexes:
        message = f"there is no interface {name}"
        raise OSError(message)
    return int(indexes[0])


def _way(address: str) -> dict[str, Any]:
    # Ahead of the range as a whole, which is in the table of the lab's own addresses: see lab.supervision.network.
    return {"dst": f"{address}/32", "table": _LOCAL_TABLE, "scope": _LINK}


def _interface(address: str) -> str:
    return f"pod-{'-'.join(address.split('.')[2:])}"


@contextmanager
def _in_namespace(enter: Callable[[], None]) -> Iterator[None]:
    """Put the calling thread, and the processes that it starts meanwhile, into another network namespace."""
    with Path("/proc/thread-self/ns/net").open() as original:
        enter()
        try:
            yield
        finally:
            _set(original.fileno())


def _unshare() -> None:
    if _LIBC.unshare(_CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def _set(namespace: int) -> None:
    if _LIBC.setns(namespace, _CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
