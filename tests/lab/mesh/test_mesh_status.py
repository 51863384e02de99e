"""What istioctl and the lab's own status see of the mesh."""

import json
import os
import re
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from tests.support.lab.kubectl_commands import run
from tests.support.lab.lab_commands import eventually
from tests.support.lab.mesh_lab import Mesh

pytestmark = pytest.mark.lab


def status(mesh: Mesh) -> dict[str, Any]:
    return mesh.lab.status()


def proxy(mesh: Mesh, pod: str) -> dict[str, Any]:
    """Return what the status says of the proxy of a workload."""
    proxy_status: dict[str, Any] = next(
        proxy for proxy in status(mesh)["proxies"] if proxy["pod"].startswith(f"{pod}-")
    )
    return proxy_status


def envoy(mesh: Mesh, pod: str) -> tuple[int, int]:
    """Return the processes of a pod's agent and its Envoy."""
    agent = int(mesh.container(pod, "istio-proxy")["pid"])
    tasks = Path(f"/proc/{agent}/task").glob("*/children")
    (child,) = (int(child) for task in tasks for child in task.read_text().split())
    return agent, child


def holder(network: Path) -> int:
    """Return the process that keeps a network alive and does nothing else."""
    for path in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if (path / "ns/net").readlink() == network and (path / "comm").read_text() == "sleep\n":
                return int(path.name)
    raise AssertionError("no process holds the network")


@contextmanager
def pause_process(pid: int) -> Iterator[None]:
    """Keep a process from doing anything for a while."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def sync_statuses(document: str) -> dict[str, set[str]]:
    """Return what `istioctl proxy-status` says of the kinds of configuration of each proxy."""
    clients = json.loads(document)["resources"]
    return {client["node"]["id"]: {kind["configStatus"] for kind in client["genericXdsConfigs"]} for client in clients}


def test_istioctl_sees_every_proxy_synced(mesh: Mesh) -> None:
    names = {f"{pod['name']}.shop" for workload in ("front", "back") for pod in mesh.pods(workload)}

    def all_synced() -> bool:
        return sync_statuses(run(mesh, "istioctl", "proxy-status", "-o", "json").stdout) == {
            name: {"SYNCED"} for name in names
        }

    eventually(all_synced, "both proxies have what istiod sent")
    inside = mesh.lab.boutique("exec", "--", "istioctl", "proxy-status").stdout
    assert names == {line.split()[0] for line in inside.splitlines()[1:]}


def test_istioctl_shows_the_configuration_of_a_proxy(mesh: Mesh) -> None:
    shown = run(mesh, "istioctl", "proxy-config", "cluster", "-n", "shop", mesh.pods("front")[0]["name"]).stdout
    assert re.search(r"^back\.shop\.svc\.cluster\.local\s+80 ", shown, re.MULTILINE)
    version = run(mesh, "istioctl", "version").stdout
    assert "control plane version" in version
    assert "(2 proxies)" in version


def test_status_tells_of_proxies_certificates_and_memory(mesh: Mesh) -> None:
    eventually(lambda: all(proxy["sync"] == "synced" for proxy in status(mesh)["proxies"]), "all proxies are synced")
    report = status(mesh)
    assert [proxy["pod"].partition("-")[0] for proxy in report["proxies"]] == ["back", "front"]
    for proxy_status in report["proxies"]:
        assert proxy_status["alive"]
        assert (
            proxy_status["valid_from"] < time.time() < proxy_status["expires"] <= proxy_status["valid_from"] + 25 * 3600
        )
    memory = report["memory"]
    assert memory["total"] == memory["control_plane"] + memory["pods"]
    assert memory["pods"] == sum(pod["memory"] for pod in report["pods"])
    assert memory["control_plane"] > 200 * 2**20, "there is an API server"
    shown = mesh.lab.boutique("status").stdout
    assert "proxies: 2 of 2 synced" in shown
    assert re.search(r"certificates: 2, from 0:\d\d:\d\d to \d+:\d\d:\d\d old; the first ends in \d\d:\d\d:\d\d", shown)
    assert mesh.pods("front")[0]["name"] in shown


def test_status_believes_no_dead_proxy(mesh: Mesh) -> None:
    agent, child = envoy(mesh, "back")
    restarts = mesh.container("back", "istio-proxy")["restarts"]
    with pause_process(agent):
        os.kill(child, signal.SIGKILL)
        dead = proxy(mesh, "back")
        assert not dead["alive"]
        assert dead["expires"] == 0
        shown = mesh.lab.boutique("status").stdout
        assert "proxies: 1 of 2 synced" in shown
        assert re.search(r"back-.* does not answer", shown)
        assert proxy(mesh, "front")["alive"]
    eventually(lambda: mesh.container("back", "istio-proxy")["restarts"] > restarts, "it is started again")
    eventually(lambda: proxy(mesh, "back")["alive"] and proxy(mesh, "back")["sync"] == "synced", "it is back")


def test_status_says_what_it_cannot_know(mesh: Mesh) -> None:
    with pause_process(mesh.container("istiod", "discovery")["pid"]):
        assert proxy(mesh, "front")["sync"] == "istiod does not answer"
        assert "proxies: 0 of 2 synced" in mesh.lab.boutique("status").stdout
    agent = mesh.lab.component("node-agent")["pid"]
    assert isinstance(agent, int)
    with pause_process(agent):
        assert status(mesh)["proxies"] is None
        assert "proxies: unknown" in mesh.lab.boutique("status").stdout
    eventually(lambda: proxy(mesh, "front")["sync"] == "synced", "all is well again")


def test_pod_that_loses_its_network_gets_another(mesh: Mesh) -> None:
    server = mesh.container("back", "server")
    network = Path(f"/proc/{server['pid']}/ns/net").readlink()
    os.kill(holder(network), signal.SIGKILL)
    eventually(lambda: mesh.container("back", "server")["restarts"] > server["restarts"], "it is started again")
    eventually(lambda: mesh.ready("back") and mesh.works(), "the pod is of use again")
    assert Path(f"/proc/{mesh.container('back', 'server')['pid']}/ns/net").readlink() != network
