"""What can be seen of the pods of the mesh: by kubectl, by istioctl, and by the lab's own status."""

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

import meshed
import pytest
from labs import Lab, eventually
from meshed import Mesh
from stub import numbers

pytestmark = pytest.mark.lab

BACK = ("-n", "shop", "deployment/back")
OUTSIDER = """
apiVersion: v1
kind: Pod
metadata: {name: outsider, namespace: default}
spec: {containers: [{name: main, image: example.invalid/outsider:1.0.0}]}
"""
SPDY = {"KUBECTL_PORT_FORWARD_WEBSOCKETS": "false", "KUBECTL_REMOTE_COMMAND_WEBSOCKETS": "false"}
"""What makes kubectl speak the older protocol to the API server, as clients before 1.31 do."""


@pytest.fixture(scope="module")
def mesh(state_home: Path) -> Iterator[Mesh]:
    yield from meshed.running(Lab("sight", state_home))


def run(mesh: Mesh, *command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {**mesh.lab.env, **variables}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)


def refused(mesh: Mesh, *command: str) -> str:
    """Return why a command was refused."""
    done = run(mesh, *command)
    assert done.returncode != 0
    return done.stderr


@contextmanager
def started(mesh: Mesh, *command: str, **variables: str) -> Iterator[subprocess.Popen[str]]:
    """Have a command run for a while."""
    environment, pipe = {**mesh.lab.env, **variables}, subprocess.PIPE
    with subprocess.Popen(command, env=environment, stdout=pipe, stderr=pipe, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def line(process: subprocess.Popen[str]) -> str:
    """Return the next line that a command prints."""
    assert process.stdout is not None
    return process.stdout.readline()


def local_address(forwarding: subprocess.Popen[str]) -> str:
    found = re.search(r"127\.0\.0\.1:\d+", line(forwarding))
    assert found, "kubectl forwards"
    return f"http://{found[0]}"


@contextmanager
def forwarded(mesh: Mesh, *what: str, **variables: str) -> Iterator[str]:
    """Forward a port to one of the host, and yield the URL of that."""
    command = ("kubectl", "port-forward", "--address=127.0.0.1", "-n", "shop", *what)
    with started(mesh, *command, **variables) as forwarding:
        yield local_address(forwarding)


def fetched(url: str, headers: dict[str, str] | None = None) -> bytes:
    with urlopen(Request(url, headers=headers or {}), timeout=20) as answer:  # noqa: S310 - it is http
        content: bytes = answer.read()
    return content


def ask(mesh: Mesh, path: str) -> None:
    """Have the app of `back` note a request in its log."""
    with forwarded(mesh, "deployment/back", ":8080") as url:
        fetched(f"{url}{path}")


def status(mesh: Mesh) -> dict[str, Any]:
    return mesh.lab.status()


def proxy(mesh: Mesh, pod: str) -> dict[str, Any]:
    """Return what the status says of the proxy of a workload."""
    found: dict[str, Any] = next(one for one in status(mesh)["proxies"] if one["pod"].startswith(f"{pod}-"))
    return found


def envoy(mesh: Mesh, pod: str) -> tuple[int, int]:
    """Return the processes of a pod's agent and its Envoy."""
    agent = int(mesh.container(pod, "istio-proxy")["pid"])
    tasks = Path(f"/proc/{agent}/task").glob("*/children")
    (child,) = (int(child) for task in tasks for child in task.read_text().split())
    return agent, child


@contextmanager
def stopped(pid: int) -> Iterator[None]:
    """Keep a process from doing anything for a while."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def test_log_of_each_container_is_shown(mesh: Mesh) -> None:
    assert '"GET /ready HTTP/1.1" 200' in mesh.lab.kubectl("logs", *BACK)
    assert "Envoy proxy is ready" in mesh.lab.kubectl("logs", *BACK, "-c", "istio-proxy")


def test_log_is_cut_where_it_was_asked_to_be(mesh: Mesh) -> None:
    for number in range(5):
        ask(mesh, f"/line-{number}")
    lines = mesh.lab.kubectl("logs", *BACK).splitlines()
    assert len(lines) > 5
    tail = mesh.lab.kubectl("logs", *BACK, "--tail=3").splitlines()
    assert len(tail) == 3
    assert tail[0] in lines
    assert len(mesh.lab.kubectl("logs", *BACK, "--limit-bytes=40")) == 40


def test_log_is_followed_until_the_container_ends(mesh: Mesh) -> None:
    with started(mesh, "kubectl", "logs", *BACK, "--tail=1", "--follow") as following:
        seen = line(following)
        ask(mesh, "/followed")
        while "GET /followed" not in seen:
            seen = line(following)
            assert seen, "the log ended too soon"
        mesh.lab.kill(mesh.container("back", "server")["pid"])
        assert following.wait(timeout=10) == 0
    eventually(lambda: mesh.ready("back"), 15, "the container is back")


def test_log_of_the_process_before_is_kept(mesh: Mesh) -> None:
    assert "was not started again" in refused(mesh, "kubectl", "logs", "-n", "shop", "deployment/front", "--previous")
    ask(mesh, "/last-words")
    restarts = mesh.container("back", "server")["restarts"]
    mesh.lab.kill(mesh.container("back", "server")["pid"])
    eventually(lambda: mesh.container("back", "server")["restarts"] > restarts, 10, "it is started again")
    eventually(lambda: mesh.ready("back"), 10, "it is ready again")
    assert "/last-words" in mesh.lab.kubectl("logs", *BACK, "--previous")
    assert "/last-words" not in mesh.lab.kubectl("logs", *BACK)


def test_what_the_lab_does_not_know_of_a_log_is_refused(mesh: Mesh) -> None:
    assert "leave --timestamps out" in refused(mesh, "kubectl", "logs", *BACK, "--timestamps")
    assert "leave --since out" in refused(mesh, "kubectl", "logs", *BACK, "--since=1m")
    assert "istio-init" in refused(mesh, "kubectl", "logs", *BACK, "-c", "istio-init")


def test_pod_outside_the_mesh_is_refused_with_the_reason(mesh: Mesh) -> None:
    mesh.lab.kubectl("apply", "-f", "-", stdin=OUTSIDER)
    mesh.lab.kubectl("wait", "pod/outsider", "--for=condition=Ready", "--timeout=20s")
    assert "only pods of the mesh" in refused(mesh, "kubectl", "logs", "outsider")
    mesh.lab.kubectl("delete", "pod", "outsider")


@pytest.mark.parametrize("variables", [{}, SPDY], ids=["websocket", "spdy"])
def test_forwarded_port_leads_into_the_pod(mesh: Mesh, variables: dict[str, str]) -> None:
    with forwarded(mesh, "deployment/back", ":8080", **variables) as url:
        assert json.loads(fetched(f"{url}/"))["pod"] == mesh.pods("back")[0]["name"]


def test_service_is_forwarded_by_its_own_port(mesh: Mesh) -> None:
    with forwarded(mesh, "service/back", ":80") as url:
        assert json.loads(fetched(f"{url}/"))["pod"] == mesh.pods("back")[0]["name"]


def test_many_large_requests_and_answers_come_through_at_once(mesh: Mesh) -> None:
    count, large = 500_000, {"X-Large": "x" * 50_000}
    with forwarded(mesh, "deployment/back", ":8080") as url, ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: fetched(f"{url}/numbers?{count}", large), range(16)))
        assert json.loads(fetched(url, large))["headers"].items() >= large.items()
    assert set(found) == {numbers(count)}


def test_port_that_nobody_listens_on_is_said_to_be_closed(mesh: Mesh) -> None:
    with started(mesh, "kubectl", "port-forward", "--address=127.0.0.1", *BACK, ":81") as forwarding:
        address = local_address(forwarding)
        with pytest.raises((URLError, ConnectionError)):
            fetched(address)
        forwarding.terminate()
        assert "port 81 of pod back-" in forwarding.communicate(timeout=10)[1]


def synced(said: str) -> dict[str, set[str]]:
    """Return what `istioctl proxy-status` says of the kinds of configuration of each proxy."""
    clients = json.loads(said)["resources"]
    return {one["node"]["id"]: {kind["configStatus"] for kind in one["genericXdsConfigs"]} for one in clients}


def test_istioctl_sees_every_proxy_synced(mesh: Mesh) -> None:
    names = {f"{pod['name']}.shop" for workload in ("front", "back") for pod in mesh.pods(workload)}

    def all_synced() -> bool:
        return synced(run(mesh, "istioctl", "proxy-status", "-o", "json").stdout) == {
            name: {"SYNCED"} for name in names
        }

    eventually(all_synced, 10, "both proxies have what istiod sent")
    inside = mesh.lab.boutique("exec", "--", "istioctl", "proxy-status").stdout
    assert names == {line.split()[0] for line in inside.splitlines()[1:]}


def test_istioctl_shows_the_configuration_of_a_proxy(mesh: Mesh) -> None:
    shown = run(mesh, "istioctl", "proxy-config", "cluster", "-n", "shop", mesh.pods("front")[0]["name"]).stdout
    assert re.search(r"^back\.shop\.svc\.cluster\.local\s+80 ", shown, re.MULTILINE)
    version = run(mesh, "istioctl", "version").stdout
    assert "control plane version" in version
    assert "(2 proxies)" in version


@pytest.mark.parametrize("variables", [{}, SPDY], ids=["websocket", "spdy"])
def test_programs_of_istio_can_be_run_in_their_pods(mesh: Mesh, variables: dict[str, str]) -> None:
    agent = ("kubectl", "exec", *BACK, "-c", "istio-proxy", "--", "pilot-agent")
    asked = run(mesh, *agent, "request", "GET", "server_info", **variables)
    assert json.loads(asked.stdout)["state"] == "LIVE"
    wrong = run(mesh, *agent, "nonsense", **variables)
    assert 'unknown command "nonsense"' in wrong.stderr
    assert wrong.returncode not in (0, 1), "it is the program's own"


def test_other_programs_are_refused_with_the_way_to_run_them(mesh: Mesh) -> None:
    assert "boutique lab exec" in refused(mesh, "kubectl", "exec", *BACK, "--", "sh")
    assert "pilot-agent is all" in refused(mesh, "kubectl", "exec", *BACK, "-c", "istio-proxy", "--", "sh")


def test_kubelet_listens_to_the_api_server_alone(mesh: Mesh) -> None:
    pki = mesh.lab.folder / "pki"
    url = "https://10.244.255.254:10250/mesh"

    def curl(*certificate: str) -> subprocess.CompletedProcess[str]:
        asking = ("curl", "--silent", "--cacert", str(pki / "ca.crt"), *certificate, url)
        return mesh.lab.boutique("exec", "--", *asking, check=False)

    assert "proxies" in curl("--cert", str(pki / "kube-apiserver-kubelet-client.pem")).stdout
    for certificate in ((), ("--cert", str(pki / "admin.pem"))):
        answer = curl(*certificate)
        assert answer.returncode != 0
        assert not answer.stdout


def test_status_tells_of_proxies_certificates_and_memory(mesh: Mesh) -> None:
    eventually(lambda: all(one["sync"] == "synced" for one in status(mesh)["proxies"]), 10, "all proxies are synced")
    found = status(mesh)
    assert [one["pod"].partition("-")[0] for one in found["proxies"]] == ["back", "front"]
    for one in found["proxies"]:
        assert one["alive"]
        assert one["valid_from"] < time.time() < one["expires"] <= one["valid_from"] + 25 * 3600
    memory = found["memory"]
    assert memory["total"] == memory["control_plane"] + memory["pods"]
    assert memory["pods"] == sum(pod["memory"] for pod in found["pods"])
    assert memory["control_plane"] > 200 * 2**20, "there is an API server"
    shown = mesh.lab.boutique("status").stdout
    assert "proxies: 2 of 2 synced" in shown
    assert re.search(r"certificates: 2, from 0:\d\d:\d\d to \d+:\d\d:\d\d old; the first ends in \d\d:\d\d:\d\d", shown)
    assert mesh.pods("front")[0]["name"] in shown


def test_status_believes_no_dead_proxy(mesh: Mesh) -> None:
    agent, child = envoy(mesh, "back")
    restarts = mesh.container("back", "istio-proxy")["restarts"]
    with stopped(agent):
        os.kill(child, signal.SIGKILL)
        dead = proxy(mesh, "back")
        assert not dead["alive"]
        assert dead["expires"] == 0
        shown = mesh.lab.boutique("status").stdout
        assert "proxies: 1 of 2 synced" in shown
        assert re.search(r"back-.* does not answer", shown)
        assert proxy(mesh, "front")["alive"]
    eventually(lambda: mesh.container("back", "istio-proxy")["restarts"] > restarts, 10, "it is started again")
    eventually(lambda: proxy(mesh, "back")["alive"] and proxy(mesh, "back")["sync"] == "synced", 15, "it is back")


def test_status_says_what_it_cannot_know(mesh: Mesh) -> None:
    with stopped(mesh.container("istiod", "discovery")["pid"]):
        assert proxy(mesh, "front")["sync"] == "istiod does not answer"
        assert "proxies: 0 of 2 synced" in mesh.lab.boutique("status").stdout
    agent = mesh.lab.component("node-agent")["pid"]
    assert isinstance(agent, int)
    with stopped(agent):
        assert status(mesh)["proxies"] is None
        assert "proxies: unknown" in mesh.lab.boutique("status").stdout
    eventually(lambda: proxy(mesh, "front")["sync"] == "synced", 15, "all is well again")


def test_pod_that_loses_its_network_gets_another(mesh: Mesh) -> None:
    server = mesh.container("back", "server")
    network = Path(f"/proc/{server['pid']}/ns/net").readlink()
    holders = [int(path.parent.name) for path in Path("/proc").glob("[0-9]*/comm") if path.read_text() == "sleep\n"]
    (holder,) = (pid for pid in holders if Path(f"/proc/{pid}/ns/net").readlink() == network)
    os.kill(holder, signal.SIGKILL)
    eventually(lambda: mesh.container("back", "server")["restarts"] > server["restarts"], 10, "it is started again")
    eventually(lambda: mesh.ready("back") and mesh.works(), 10, "the pod is of use again")
    assert Path(f"/proc/{mesh.container('back', 'server')['pid']}/ns/net").readlink() != network
