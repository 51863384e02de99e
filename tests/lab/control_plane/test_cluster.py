import base64
import json
import os
import signal
import socket
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.support.lab.lab_commands import BOUTIQUE, Lab, eventually

pytestmark = pytest.mark.lab

SHOP = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop, namespace: NAMESPACE}
spec:
  replicas: 2
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec: {containers: [{name: shop, image: example.invalid/shop}]}
---
apiVersion: v1
kind: Service
metadata: {name: shop, namespace: NAMESPACE}
spec: {type: LoadBalancer, selector: {app: shop}, ports: [{port: 80}]}
"""

TO_BE_FILLED = """
apiVersion: v1
kind: Secret
type: kubernetes.io/service-account-token
metadata: {name: token, namespace: NAMESPACE, annotations: {kubernetes.io/service-account.name: default}}
"""


@pytest.fixture
def namespace(lab: Lab, request: pytest.FixtureRequest) -> str:
    name = request.node.name.replace("_", "-").removeprefix("test-")[:50]
    lab.kubectl("create", "namespace", name)
    request.addfinalizer(lambda: lab.kubectl("delete", "namespace", name, "--wait=false"))  # noqa: PT021
    return name


def restart_lab(victim: Lab) -> Lab:
    victim.boutique("up")
    return victim


def pid(lab: Lab, component: str) -> int:
    number = lab.component(component)["pid"]
    assert isinstance(number, int)
    return number


def test_deployment_becomes_available_and_load_balancer_gets_an_address(lab: Lab, namespace: str) -> None:
    lab.kubectl("apply", "-f", "-", stdin=SHOP.replace("NAMESPACE", namespace))
    lab.kubectl("wait", "-n", namespace, "deployment/shop", "--for=condition=Available", "--timeout=180s")
    lab.kubectl(
        "wait", "-n", namespace, "service/shop", "--for=jsonpath={.status.loadBalancer.ingress[0].ip}", "--timeout=180s"
    )
    pods = json.loads(lab.kubectl("get", "pods", "-n", namespace, "-o", "json"))["items"]
    addresses = {pod["status"]["podIP"] for pod in pods}
    assert len(addresses) == 2
    assert all(address.startswith("10.244.") for address in addresses)


def test_service_account_token_is_filled(lab: Lab, namespace: str) -> None:
    lab.kubectl("apply", "-f", "-", stdin=TO_BE_FILLED.replace("NAMESPACE", namespace))
    lab.kubectl("wait", "-n", namespace, "secret/token", "--for=jsonpath={.data.token}", "--timeout=180s")
    data = json.loads(lab.kubectl("get", "secret", "-n", namespace, "token", "-o", "json"))["data"]
    assert b"BEGIN CERTIFICATE" in base64.b64decode(data["ca.crt"])


def test_unbound_service_account_is_refused(lab: Lab, namespace: str) -> None:
    lab.kubectl("apply", "-f", "-", stdin=TO_BE_FILLED.replace("NAMESPACE", namespace))
    lab.kubectl("wait", "-n", namespace, "secret/token", "--for=jsonpath={.data.token}", "--timeout=180s")
    encoded = lab.kubectl("get", "secret", "-n", namespace, "token", "-o", "jsonpath={.data.token}")
    bearer = base64.b64decode(encoded).decode()
    configuration = json.loads(lab.kubectl("config", "view", "--raw", "-o", "json"))
    configuration["users"][0]["user"] = {"token": bearer}
    kubeconfig = lab.folder / f"{namespace}.kubeconfig"
    kubeconfig.write_text(json.dumps(configuration))
    who = ["kubectl", "--kubeconfig", str(kubeconfig), "auth", "whoami", "-o", "jsonpath={.status.userInfo.username}"]
    result = subprocess.run(who, env=lab.env, capture_output=True, text=True, check=False)
    get = ["kubectl", "--kubeconfig", str(kubeconfig), "get", "secrets", "-n", namespace]
    refused = subprocess.run(get, env=lab.env, capture_output=True, text=True, check=False)
    assert result.stdout == f"system:serviceaccount:{namespace}:default"
    assert refused.returncode != 0
    assert "Forbidden" in refused.stderr


@pytest.mark.parametrize("component", ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok"])
def test_killed_component_comes_back(disposable_lab: Lab, component: str) -> None:
    lab = restart_lab(disposable_lab)
    name = f"before-{component}"
    lab.kubectl("create", "configmap", name)
    killed, restarts = pid(lab, component), lab.component(component)["restarts"]
    renewed = pid(lab, "kwok")
    lab.kill(killed)
    eventually(lambda: lab.component(component)["pid"] not in (0, killed), f"{component} is restarted")
    if component == "etcd":
        eventually(lambda: lab.component("kwok")["pid"] not in (0, renewed), "kwok does again what failed")
    eventually(lambda: bool(lab.status()["ready"]), f"{component} is ready again")
    assert lab.component(component)["restarts"] == restarts + 1
    lab.kubectl("get", "configmap", name)


@pytest.mark.parametrize("role", ["supervisor", "parent of the supervisor"])
def test_killed_lab_leaves_nothing_and_resumes(disposable_lab: Lab, role: str) -> None:
    lab = restart_lab(disposable_lab)
    name = f"before-{role.replace(' ', '-')}"
    lab.kubectl("create", "configmap", name)
    supervisor = lab.status()["pid"]
    parents = [number for number, line in lab.processes().items() if line.startswith("unshare ")]
    assert isinstance(supervisor, int)
    assert len(parents) == 1
    lab.kill(supervisor if role == "supervisor" else parents[0])
    eventually(lambda: not lab.processes(), "every process is gone")
    stopped = lab.boutique("status", "--json", check=False)
    assert stopped.returncode == 3
    assert json.loads(stopped.stdout)["state"] == "stopped"
    assert not (lab.folder / "record.json").exists()
    lab.boutique("up")
    lab.kubectl("get", "configmap", name)


def test_down_and_up_keeps_everything(disposable_lab: Lab) -> None:
    lab = restart_lab(disposable_lab)
    lab.kubectl("apply", "-f", "-", stdin=SHOP.replace("NAMESPACE", "default"))
    lab.kubectl("wait", "deployment/shop", "--for=condition=Available", "--timeout=180s")
    uids = ("get", "pods,services", "-o", "jsonpath={.items[*].metadata.uid}")
    before = lab.kubectl(*uids)
    api = lab.status()["api"]
    assert len(before.split()) == 4, "two pods, the Service and kubernetes"
    lab.boutique("down")
    assert not lab.processes()
    assert "received signal; shutting down" in (lab.folder / "logs" / "etcd.log").read_text(), "etcd ended in order"
    lab.boutique("up")
    assert lab.kubectl(*uids) == before
    assert lab.status()["api"] == api


def test_up_of_a_running_lab_leaves_it_alone(lab: Lab) -> None:
    before = lab.status()["pid"]
    output = lab.boutique("up").stderr
    assert "already running" in output
    assert lab.status()["pid"] == before


def test_up_twice_at_once_starts_one(disposable_lab: Lab) -> None:
    disposable_lab.boutique("down")
    command = [*BOUTIQUE, "lab", "up", "--name", disposable_lab.name]
    environment = {**os.environ, "XDG_STATE_HOME": str(disposable_lab.state_home)}
    both = [subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    outputs = [process.communicate(timeout=120)[1] for process in both]
    assert [process.returncode for process in both] == [0, 0], outputs
    assert disposable_lab.status()["ready"]
    assert sum(line.startswith("unshare ") for line in disposable_lab.processes().values()) == 1


def test_labs_run_side_by_side_and_delete_leaves_neither_process_nor_folder(state_home: Path, lab: Lab) -> None:
    other = Lab("other", state_home)
    try:
        other.boutique("up")
        assert other.kubectl("get", "nodes", "--no-headers").count(" Ready ") == 2
        other.kubectl("create", "configmap", "only-here")
        assert lab.status()["api"] != other.status()["api"]
        assert "only-here" in other.kubectl("get", "configmaps", "-o", "name")
        assert "only-here" not in lab.kubectl("get", "configmaps", "-o", "name")
    finally:
        other.boutique("down", "--delete")
    assert not other.processes()
    assert not other.folder.exists()
    assert lab.status()["ready"]


def test_exec_is_inside_the_lab_it_names(lab: Lab, disposable_lab: Lab) -> None:
    other = restart_lab(disposable_lab)
    for instance in (lab, other):
        uid = ("get", "namespace", "kube-system", "-o", "jsonpath={.metadata.uid}")
        inside = instance.boutique("exec", "--", "kubectl", "--server=https://127.0.0.1:6443", *uid).stdout
        assert inside == instance.kubectl(*uid)


def test_exec_passes_input_and_exit_code_on(lab: Lab) -> None:
    command = [*BOUTIQUE, "lab", "exec", "--name", lab.name, "--", "sh", "-c", "cat; exit 7"]
    environment = {**os.environ, "XDG_STATE_HOME": str(lab.state_home)}
    done = subprocess.run(command, env=environment, input="a b\n", capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (7, "a b\n")


def test_only_the_api_is_published(lab: Lab) -> None:
    assert lab.status()["ready"]
    for port in (2379, 2380, 6443, 10247, 10257, 10259):
        with socket.socket() as probe:
            code = probe.connect_ex(("127.0.0.1", port))
        assert code != 0, f"{port} answers on the host"


def test_taken_port_is_named_and_another_one_helps(disposable_lab: Lab) -> None:
    disposable_lab.boutique("down")
    port = int(str(disposable_lab.status()["api"]).rsplit(":", 1)[1])
    with socket.create_server(("127.0.0.1", port)):
        refused = disposable_lab.boutique("up", check=False)
        assert refused.returncode == 1
        assert str(port) in refused.stderr
        assert "--port" in refused.stderr
        with socket.create_server(("127.0.0.1", 0)) as free:
            other = free.getsockname()[1]
        disposable_lab.boutique("up", "--port", str(other))
    assert disposable_lab.status()["api"] == f"https://127.0.0.1:{other}"
    disposable_lab.kubectl("get", "nodes")


def test_component_that_does_not_start_is_named_with_its_log(disposable_lab: Lab) -> None:
    disposable_lab.boutique("down")
    database = disposable_lab.folder / "etcd" / "member" / "snap" / "db"
    content = database.read_bytes()
    database.write_bytes(b"no database" * 10_000)
    try:
        failed = disposable_lab.boutique("up", check=False)
        assert failed.returncode == 1
        assert "etcd does not start" in failed.stderr
        assert str(disposable_lab.folder / "logs" / "etcd.log") in failed.stderr
        assert "Traceback" not in failed.stderr
        assert disposable_lab.status()["state"] == "failed"
        assert not disposable_lab.processes()
    finally:
        database.write_bytes(content)


def test_killed_pulumi_leaves_no_lock_behind(lab: Lab) -> None:
    dead = subprocess.Popen(["sleep", "60"])
    dead.send_signal(signal.SIGKILL)
    dead.wait()
    folder = lab.folder / "pulumi" / "state" / ".pulumi" / "locks" / "organization" / "boutique" / "local"
    folder.mkdir(parents=True, exist_ok=True)
    now = datetime.now(UTC).isoformat()
    content = {"pid": dead.pid, "username": "me", "hostname": socket.gethostname(), "timestamp": now}
    (folder / "stale.json").write_text(json.dumps(content))
    (folder / "live.json").write_text(json.dumps({**content, "pid": os.getpid()}))
    output = lab.boutique("up").stderr
    left = [path.name for path in folder.iterdir()]
    (folder / "live.json").unlink()
    assert left == ["live.json"]
    assert "boutique/local" in output
