"""Jobs and pods that are not restarted come to their end, with a proxy and without one."""

import json
from typing import Any

import pytest

from tests.support.lab.image_workloads import ImageMesh
from tests.support.lab.lab_commands import eventually

JOB = """
apiVersion: batch/v1
kind: Job
metadata: {name: NAME, namespace: shop}
spec:
  backoffLimit: 0
  template:
    metadata: {labels: {app: NAME, LABELS}}
    spec:
      restartPolicy: Never
      terminationGracePeriodSeconds: 1
      containers: [{name: server, image: IMAGE, command: COMMAND}]
"""
POD = """
apiVersion: v1
kind: Pod
metadata: {name: NAME, namespace: shop, labels: {app: NAME, sidecar.istio.io/inject: "false"}}
spec: SPEC
"""


def start_job(mesh: ImageMesh, name: str, *command: str, proxy: bool) -> None:
    labels = f'sidecar.istio.io/inject: "{str(proxy).lower()}"'
    manifest = JOB.replace("NAME", name).replace("COMMAND", json.dumps(command)).replace("LABELS", labels)
    mesh.apply(manifest)


def start_pod(mesh: ImageMesh, name: str, spec: dict[str, Any]) -> None:
    mesh.apply(POD.replace("NAME", name).replace("SPEC", json.dumps({"terminationGracePeriodSeconds": 0, **spec})))


def status(mesh: ImageMesh, name: str) -> dict[str, Any]:
    status: dict[str, Any] = json.loads(mesh.lab.kubectl("get", "pod", "-n", "shop", name, "-o", "json"))["status"]
    return status


def reasons(status: dict[str, Any]) -> dict[str, str]:
    return {condition["type"]: condition.get("reason", "") for condition in status["conditions"]}


def delete(mesh: ImageMesh, kind: str, name: str) -> None:
    mesh.lab.kubectl("delete", kind, "-n", "shop", name)


@pytest.mark.parametrize("proxy", [True, False], ids=["proxy", "no-proxy"])
def test_a_job_completes_and_its_log_stays(mesh: ImageMesh, proxy: bool) -> None:
    name = f"job-{proxy}".lower()
    start_job(mesh, name, "cat", "/text", proxy=proxy)
    try:
        mesh.lab.kubectl("wait", "-n", "shop", "--for=condition=complete", f"job/{name}", "--timeout=120s")
        pod = mesh.pod(name)
        assert (pod["status"]["phase"], reasons(pod["status"])["Ready"]) == ("Succeeded", "PodCompleted")
        states = [*pod["status"]["containerStatuses"], *pod["status"].get("initContainerStatuses", [])]
        assert all("terminated" in container["state"] for container in states)
        assert len(states) == (3 if proxy else 1)
        for flags in ((), ("-f",)):
            assert mesh.lab.kubectl("logs", "-n", "shop", f"job/{name}", "-c", "server", *flags) == "of the image"
    finally:
        delete(mesh, "job", name)


def test_a_job_of_a_failing_program_fails(mesh: ImageMesh) -> None:
    start_job(mesh, "failing", "fail", "7", proxy=True)
    try:
        mesh.lab.kubectl("wait", "-n", "shop", "--for=condition=failed", "job/failing", "--timeout=120s")
        ended = mesh.pod("failing")["status"]
        assert (ended["phase"], reasons(ended)["Ready"]) == ("Failed", "PodFailed")
        terminated = ended["containerStatuses"][0]["state"]["terminated"]
        assert (terminated["exitCode"], terminated["reason"]) == (7, "Error")
        assert terminated["message"] == "failing as asked"
        assert terminated["startedAt"] <= terminated["finishedAt"]
    finally:
        delete(mesh, "job", "failing")


def test_a_failed_init_container_fails_its_pod(mesh: ImageMesh) -> None:
    container = {"image": "IMAGE", "command": ["fail", "3"]}
    spec = {
        "restartPolicy": "Never",
        "initContainers": [{"name": "prepare", **container}],
        "containers": [{"name": "server", **container}],
    }
    start_pod(mesh, "unprepared", spec)
    try:
        eventually(lambda: status(mesh, "unprepared")["phase"] == "Failed", "it has failed")
        ended = status(mesh, "unprepared")
        assert reasons(ended)["Initialized"] == "ContainersNotInitialized"
        assert mesh.status("unprepared", "prepare")["state"]["terminated"]["exitCode"] == 3
        assert "waiting" in mesh.status("unprepared")["state"], "it was started"
    finally:
        delete(mesh, "pod", "unprepared")


def test_a_pod_that_takes_too_long_is_ended(mesh: ImageMesh) -> None:
    start_pod(mesh, "late", {"activeDeadlineSeconds": 3, "containers": [{"name": "server", "image": "IMAGE"}]})
    try:
        eventually(lambda: status(mesh, "late")["phase"] == "Failed", "it was ended")
        assert status(mesh, "late")["reason"] == "DeadlineExceeded"
        assert mesh.status("late")["state"]["terminated"]["startedAt"]
    finally:
        delete(mesh, "pod", "late")


def test_what_failed_is_run_until_it_succeeds(mesh: ImageMesh) -> None:
    container = {"name": "server", "image": "IMAGE", "command": ["exists", "/data/ready"]}
    mounts = [{"name": "data", "mountPath": "/data"}]
    spec = {
        "restartPolicy": "OnFailure",
        "containers": [
            {**container, "volumeMounts": mounts},
            {"name": "helper", "image": "IMAGE", "volumeMounts": mounts},
        ],
        "volumes": [{"name": "data", "emptyDir": {}}],
    }
    start_pod(mesh, "trying", spec)
    try:
        eventually(lambda: mesh.status("trying").get("restartCount", 0) > 0, "it was started again")
        command = ("exec", "-n", "shop", "trying", "-c", "helper", "--", "write", "/data/ready", "yes")
        mesh.lab.kubectl(*command)
        eventually(lambda: "terminated" in mesh.status("trying")["state"], "it has succeeded")
        state = mesh.status("trying")
        assert (state["state"]["terminated"]["reason"], state["ready"]) == ("Completed", False)
        assert state["lastState"]["terminated"]["exitCode"] == 1
        assert status(mesh, "trying")["phase"] == "Running", "the other one still runs"
    finally:
        delete(mesh, "pod", "trying")


def test_a_pod_that_has_ended_stays_so_with_another_node_agent(mesh: ImageMesh) -> None:
    """One has ended before the node agent is killed, and one ends after that."""
    for name, command in (("before", ["cat", "/text"]), ("after", [])):
        container = {"name": "server", "image": "IMAGE", "command": command}
        start_pod(mesh, name, {"restartPolicy": "Never", "containers": [container]})
    try:
        eventually(lambda: status(mesh, "before")["phase"] == "Succeeded", "it has ended")
        eventually(lambda: "running" in mesh.status("after").get("state", {}), "it runs")
        ended = status(mesh, "before")
        agent = mesh.lab.component("node-agent")
        mesh.lab.kill(int(str(agent["pid"])))
        eventually(lambda: mesh.lab.component("node-agent")["restarts"] != agent["restarts"], "another one is started")
        eventually(lambda: bool(mesh.lab.status()["ready"]), "it is ready")

        def log() -> str:
            return mesh.lab.refusal("logs", "-n", "shop", "before") or mesh.lab.kubectl("logs", "-n", "shop", "before")

        eventually(lambda: log() == "of the image", "its log is still there")
        assert status(mesh, "before") == ended
        eventually(lambda: not mesh.lab.refusal("exec", "-n", "shop", "after", "--", "cat", "/text"), "it is adopted")
        eventually(lambda: isinstance(mesh.ask("front", "/resolve", name="back"), list), "names are resolved again")
        mesh.lab.refusal("exec", "-n", "shop", "after", "--", "signal", "1")
        eventually(lambda: status(mesh, "after")["phase"] == "Succeeded", "its own exit code is known")
        assert mesh.status("after")["restartCount"] == 0
    finally:
        for name in ("before", "after"):
            delete(mesh, "pod", name)


def test_only_a_pod_that_needs_its_node_is_played(mesh: ImageMesh) -> None:
    start_pod(mesh, "nodes", {"hostNetwork": True, "containers": [{"name": "server", "image": "IMAGE"}]})
    try:
        eventually(lambda: status(mesh, "nodes")["phase"] == "Running", "it is played")
        assert "nothing runs" in mesh.lab.refusal("logs", "-n", "shop", "nodes")
    finally:
        delete(mesh, "pod", "nodes")
