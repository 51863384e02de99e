import json
import os
import time
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.support.lab.lab_commands import PATIENCE, eventually
from tests.support.lab.mesh_lab import STRICT, WORKLOAD, Mesh

pytestmark = pytest.mark.lab

GATEWAY = """
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: edge, namespace: shop}
spec: {gatewayClassName: istio, listeners: [{name: http, port: 80, protocol: HTTP}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: edge, namespace: shop}
spec: {parentRefs: [{name: edge}], rules: [{backendRefs: [{name: back, port: 80}]}]}
"""


def recovers(mesh: Mesh, pod: str, container: str) -> None:
    """See a container come back after its process was killed, and the mesh with it."""
    before = mesh.container(pod, container)
    mesh.lab.kill(before["pid"])
    eventually(lambda: mesh.container(pod, container)["restarts"] > before["restarts"], "it is restarted")
    eventually(lambda: mesh.ready(pod) and mesh.works(), f"{pod} is of use again")


def test_injected_pod_is_two_of_two(mesh: Mesh) -> None:
    for name in ("front", "back"):
        pod = mesh.pods(name)[0]
        assert [container["kind"] for container in pod["containers"]] == ["proxy", "app"]
        assert pod["ready"]
    shown = mesh.lab.kubectl("get", "pods", "-n", "shop", "--no-headers")
    assert shown.count(" 2/2 ") == 2


def test_call_goes_over_mtls_as_the_callers_own_service_account(mesh: Mesh) -> None:
    answer = mesh.call()
    assert answer["pod"].startswith("back-")
    certificate = {name.lower(): value for name, value in answer["headers"].items()}["x-forwarded-client-cert"]
    assert "URI=spiffe://cluster.local/ns/shop/sa/front" in certificate
    assert "By=spiffe://cluster.local/ns/shop/sa/back" in certificate


def test_plaintext_is_refused(mesh: Mesh) -> None:
    refused = mesh.request_without_proxy(mesh.pods("back")[0]["address"], "/")
    assert refused.returncode != 0
    assert "pod" not in refused.stdout


def test_webhook_of_istiod_refuses_a_mistake(mesh: Mesh) -> None:
    wrong = STRICT.replace("STRICT", "PERHAPS").replace("istio-system", "shop")
    with pytest.raises(AssertionError, match="PERHAPS"):
        mesh.lab.kubectl("apply", "-f", "-", stdin=wrong)


def test_gateway_leads_into_the_mesh(mesh: Mesh) -> None:
    mesh.lab.kubectl("apply", "-f", "-", stdin=GATEWAY)
    mesh.lab.kubectl("wait", "-n", "shop", "gateway/edge", "--for=condition=Programmed", "--timeout=180s")
    eventually(lambda: mesh.ready("edge"), "the gateway is ready")
    url = f"http://{mesh.pods('edge')[0]['address']}/"

    def answers() -> bool:
        return "back-" in mesh.lab.boutique("exec", "--", "curl", "--silent", url, check=False).stdout

    eventually(answers, "the gateway's route leads to a pod")
    # The garbage collector of Kubernetes may take 30 s to know of new kinds, such as Gateway here, so it is not left
    # to it what the gateway owns.
    mesh.lab.kubectl(
        "delete", "--ignore-not-found", "-n", "shop", "gateway/edge", "httproute/edge", "deployment/edge-istio"
    )
    eventually(lambda: not mesh.pods("edge"), "the gateway is gone")


def test_logs_are_kept_per_container(mesh: Mesh) -> None:
    pod = mesh.pods("back")[0]["name"]
    folder = mesh.lab.folder / "logs" / "pods" / "shop" / pod
    assert "Envoy proxy is ready" in (folder / "istio-proxy.log").read_text()
    assert (folder / "server.log").exists()


def test_killed_envoy_comes_back(mesh: Mesh) -> None:
    agent = mesh.container("back", "istio-proxy")
    tasks = Path(f"/proc/{agent['pid']}/task").glob("*/children")
    (envoy,) = (int(child) for task in tasks for child in task.read_text().split())
    os.kill(envoy, 9)
    eventually(lambda: mesh.container("back", "istio-proxy")["restarts"] > agent["restarts"], "it is restarted")
    eventually(lambda: mesh.ready("back") and mesh.works(), "calls work again")


def test_killed_stand_in_comes_back_and_is_counted(mesh: Mesh) -> None:
    recovers(mesh, "back", "server")
    counts = ("-o", "jsonpath={.items[0].status.containerStatuses[0].restartCount}")
    assert int(mesh.lab.kubectl("get", "pods", "-n", "shop", "-l", "app=back", *counts)) >= 1


def test_killed_istiod_comes_back_and_disturbs_nobody(mesh: Mesh) -> None:
    before = mesh.container("istiod", "discovery")
    os.kill(before["pid"], 9)
    assert mesh.works()
    eventually(lambda: mesh.container("istiod", "discovery")["restarts"] > before["restarts"], "it is restarted")
    eventually(lambda: mesh.ready("istiod"), "istiod is ready again")
    assert mesh.works()


def test_killed_node_agent_disturbs_nobody_and_catches_up(mesh: Mesh) -> None:
    lab = mesh.lab
    [before] = mesh.pods("back")
    caller = mesh.caller()
    killed = lab.component("node-agent")["pid"]
    assert isinstance(killed, int)
    lab.kill(killed)
    lab.kubectl("scale", "-n", "shop", "deployment/back", "--replicas=2")
    try:
        deadline = time.monotonic() + 4
        while time.monotonic() < deadline:
            assert "pod" in mesh.call(caller), "a call was lost"
            assert pids_of(before) in map(pids_of, mesh.pods("back")), (
                "the old pod has its processes, and the status says so"
            )
        eventually(lambda: lab.component("node-agent")["pid"] not in (0, killed), "it is started again")
        eventually(lambda: len(mesh.pods("back")) == 2 and mesh.ready("back"), "the new pod is there")
    finally:
        lab.kubectl("scale", "-n", "shop", "deployment/back", "--replicas=1")
    eventually(lambda: len(mesh.pods("back")) == 1, "one pod is gone")


def pids_of(pod: dict[str, Any]) -> dict[str, int]:
    return {container["name"]: container["pid"] for container in pod["containers"]}


def test_probe_that_fails_makes_a_pod_unready(mesh: Mesh) -> None:
    folder = next(path for path in (mesh.lab.folder / "pods").iterdir() if state(path)["name"].startswith("front-"))
    (folder / "unready").touch()
    eventually(lambda: not mesh.ready("front"), "the pod is not ready")
    ready = '{.items[0].status.conditions[?(@.type=="Ready")].status}'
    command = ("get", "pods", "-n", "shop", "-l", "app=front", "-o", f"jsonpath={ready}")
    eventually(lambda: mesh.lab.kubectl(*command) == "False", "the API server knows")
    (folder / "unready").unlink()
    eventually(lambda: mesh.lab.kubectl(*command) == "True", "it is ready again")


def state(folder: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((folder / "state.json").read_text())
    return content


def test_rolling_update_loses_no_call(mesh: Mesh) -> None:
    caller = mesh.caller()
    seen = {mesh.call(caller)["pod"]}
    mesh.lab.kubectl("rollout", "restart", "-n", "shop", "deployment/back")
    changed, deadline = 0.0, time.monotonic() + PATIENCE
    # The old pod ends some seconds after the new one has begun to serve.
    while time.monotonic() < (changed + 6 if changed else deadline):
        answer = mesh.call(caller)
        assert "pod" in answer, answer
        seen.add(answer["pod"])
        if len(seen) == 2 and not changed:
            changed = time.monotonic()
    assert len(seen) == 2
    eventually(lambda: len(mesh.pods("back")) == 1, "the old pod is gone")


def test_deleted_pod_has_its_grace_and_leaves_nothing(mesh: Mesh) -> None:
    pod = mesh.pods("back")[0]
    pids = [container["pid"] for container in pod["containers"]]
    began = time.monotonic()
    mesh.lab.kubectl("delete", "pod", "-n", "shop", pod["name"], "--wait=true")
    taken = time.monotonic() - began
    assert taken > 1.5, "the hook waits two seconds"
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids)
    eventually(lambda: len(mesh.uids()) == 3, "its folder is gone")
    links = mesh.lab.boutique("exec", "--", "cat", "/proc/net/dev").stdout
    assert links.count("pod-") == 3
    eventually(lambda: mesh.ready("back"), "another one takes its place")


def test_hook_that_is_a_request_is_made_before_the_end(mesh: Mesh) -> None:
    hook = "lifecycle: {preStop: {httpGet: {path: /goodbye, port: http}}}"
    hooked = WORKLOAD.replace("lifecycle: {preStop: {sleep: {seconds: 2}}}", hook)
    mesh.lab.kubectl("apply", "-f", "-", stdin=hooked.replace("NAME", "hooked"))
    mesh.lab.kubectl("wait", "-n", "shop", "deployment/hooked", "--for=condition=Available", "--timeout=180s")
    pod = mesh.pods("hooked")[0]["name"]
    mesh.lab.kubectl("delete", "-n", "shop", "deployment/hooked", "service/hooked", "serviceaccount/hooked")
    eventually(lambda: not mesh.pods("hooked"), "the pod is gone")
    log = mesh.lab.folder / "logs" / "pods" / "shop" / pod / "server.log"
    assert "GET /goodbye" in log.read_text()


def test_new_pod_serves_and_takes_little_memory(mesh: Mesh) -> None:
    before = {pod["name"] for pod in mesh.pods("back")}
    mesh.lab.kubectl("rollout", "restart", "-n", "shop", "deployment/back")
    eventually(partial(mesh.answered_by_another, before), "the new pod serves")
    eventually(lambda: len(mesh.pods("back")) == 1, "the old pod is gone")
    memory = mesh.pods("back")[0]["memory"]
    print("MiB of a pod:", memory // 2**20)
    assert memory < 120 * 2**20


def test_stopped_lab_leaves_nothing_and_resumes_its_pods(mesh: Mesh) -> None:
    lab = mesh.lab
    pids = [container["pid"] for name in ("istiod", "front", "back") for container in mesh.pods(name)[0]["containers"]]
    lab.boutique("down")
    assert not lab.processes()
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids)
    lab.boutique("up")
    eventually(lambda: all(map(mesh.ready, ("istiod", "front", "back"))), "the pods are back")
    assert mesh.works()
