"""The program inside the namespaces: `python -m lab.supervision.supervisor_process`, started by `namespaces`."""

import argparse
import asyncio
import os
import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from lab.containers.pull_server import serve_pulls
from lab.containers.syscalls import CLONE_NEWNET, unshare
from lab.folder import Folder
from lab.kubernetes import controlplane
from lab.kubernetes.api import Api
from lab.kubernetes.controlplane import Component
from lab.supervision import balancer, network
from lab.supervision.balancer import LoadBalancer
from lab.supervision.published_ports import Publication
from lab.supervision.supervisor import Supervisor

Addresses = Callable[[], Sequence[tuple[str, int]]]


def main() -> int:
    """Run a lab until it is stopped; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="the lab's folder")
    parser.add_argument("--tools", type=Path, required=True, help="the folder of the programs")
    parser.add_argument("--images", type=Path, required=True, help="the folder of the images")
    parser.add_argument("--lock", type=int, required=True, help="the descriptor that holds the lab's lock")
    parser.add_argument(
        "--publish", action="append", default=[], help="DESCRIPTOR=NAME: a listening socket of the host"
    )
    arguments = parser.parse_args()
    # Only this process and `unshare`, its parent, may hold the lock: it has to be free when they are gone.
    os.set_inheritable(arguments.lock, False)
    folder = Folder(arguments.folder.name, arguments.folder)
    load_balancer = LoadBalancer(Api(network.LOOPBACK, controlplane.API_PORT, folder.pki))
    addresses = _addresses(load_balancer)
    publications = [_publication(text, addresses) for text in arguments.publish]
    # Only a thread that begins here reaches a registry: all that follows is in the lab's own network.
    serve_pulls(folder.pulls, arguments.images, folder.logs / "pulls.log")
    unshare(CLONE_NEWNET)
    network.set_up()
    load_balancer.start()
    components = controlplane.components(folder, arguments.tools, arguments.images)
    return asyncio.run(_run(folder, arguments.tools, components, publications))


async def _run(folder: Folder, tools: Path, components: Sequence[Component], publications: list[Publication]) -> int:
    # Not the user's environment: a proxy set there would come between the API server and its webhooks.
    environment = {"PATH": str(tools), "HOME": str(folder.root)}
    supervisor = Supervisor(folder, components, environment)
    return 0 if await supervisor.run(publications) else 1


def _publication(text: str, addresses: Mapping[str, Addresses]) -> Publication:
    descriptor, _, name = text.partition("=")
    listener = socket.socket(fileno=int(descriptor))
    listener.set_inheritable(False)
    return Publication(listener, addresses[name])


def _addresses(load_balancer: LoadBalancer) -> Mapping[str, Addresses]:
    """Return where connections go by the name of the port they came in at: see lab.ports."""
    return {
        "api": lambda: ((network.LOOPBACK, controlplane.API_PORT),),
        "https": partial(load_balancer.addresses, balancer.HTTPS_PORT),
        "http": partial(load_balancer.addresses, balancer.HTTP_PORT),
    }


if __name__ == "__main__":
    sys.exit(main())
