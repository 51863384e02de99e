"""The program that runs inside the namespaces: `python -m lab.supervision.inside`, started by `namespaces`."""

import argparse
import asyncio
import os
import socket
import sys
from pathlib import Path

from lab.folder import Folder
from lab.kubernetes import controlplane
from lab.supervision import network
from lab.supervision.publish import Publication
from lab.supervision.supervisor import Supervisor


def main() -> int:
    """Run a lab until it is stopped; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="the lab's folder")
    parser.add_argument("--tools", type=Path, required=True, help="the folder of the programs")
    parser.add_argument("--lock", type=int, required=True, help="the descriptor that holds the lab's lock")
    parser.add_argument(
        "--publish", action="append", default=[], help="DESCRIPTOR=NAME: a listening socket of the host"
    )
    arguments = parser.parse_args()
    # Only this process and `unshare`, its parent, may hold the lock: it has to be free when they are gone.
    os.set_inheritable(arguments.lock, False)
    publications = [_publication(text) for text in arguments.publish]
    network.set_up()
    return asyncio.run(_run(arguments.folder, arguments.tools, publications))


async def _run(root: Path, tools: Path, publications: list[Publication]) -> int:
    folder = Folder(root.name, root)
    # Not the user's environment: a proxy set there would come between the API server and its webhooks.
    environment = {"PATH": str(tools), "HOME": str(root)}
    supervisor = Supervisor(folder, controlplane.components(folder, tools), environment)
    return 0 if await supervisor.run(publications) else 1


def _publication(text: str) -> Publication:
    descriptor, _, name = text.partition("=")
    listener = socket.socket(fileno=int(descriptor))
    listener.set_inheritable(False)
    host, port = controlplane.PUBLISHED[name]
    return Publication(listener, host, port)


if __name__ == "__main__":
    sys.exit(main())
