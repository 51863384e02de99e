"""Logs, forwarded ports and commands: what kubectl asks of a node."""

import json
import subprocess
from concurrent.futures import ThreadPoolExecutor
from urllib.error import URLError

import pytest

from tests.support.lab.http_stub import numbers
from tests.support.lab.kubectl_commands import (
    SPDY,
    fetch_url,
    forward_port,
    line,
    local_address,
    refusal_message,
    run,
    run_in_background,
)
from tests.support.lab.lab_commands import eventually
from tests.support.lab.mesh_lab import Mesh

pytestmark = pytest.mark.lab

BACK = ("-n", "shop", "deployment/back")
OUTSIDER = """
apiVersion: v1
kind: Pod
metadata: {name: outsider, namespace: default}
spec: {containers: [{name: main, image: example.invalid/outsider:1.0.0}]}
"""


def ask(mesh: Mesh, path: str) -> None:
    """Have the app of `back` note a request in its log."""
    with forward_port(mesh, "deployment/back", ":8080") as url:
        fetch_url(f"{url}{path}")


def end(mesh: Mesh) -> None:
    """End the process of the app of `back`, and wait until another one serves."""
    before = mesh.container("back", "server")
    mesh.lab.kill(before["pid"])
    eventually(lambda: mesh.container("back", "server")["restarts"] > before["restarts"], "it is started again")
    eventually(lambda: mesh.ready("back"), "it is ready again")


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
    with run_in_background(mesh, "kubectl", "logs", *BACK, "--tail=1", "--follow") as following:
        seen = line(following)
        ask(mesh, "/followed")
        while "GET /followed" not in seen:
            seen = line(following)
            assert seen, "the log ended too soon"
        end(mesh)
        assert following.wait(timeout=10) == 0


def test_log_of_the_process_before_is_kept(mesh: Mesh) -> None:
    never_ended = ("-n", "shop", "deployment/front", "--previous")
    assert "was not started again" in refusal_message(mesh, "kubectl", "logs", *never_ended)
    ask(mesh, "/last-words")
    end(mesh)
    assert "/last-words" in mesh.lab.kubectl("logs", *BACK, "--previous")
    assert "/last-words" not in mesh.lab.kubectl("logs", *BACK)


def test_what_the_lab_does_not_know_of_a_log_is_refused(mesh: Mesh) -> None:
    assert "leave --timestamps out" in refusal_message(mesh, "kubectl", "logs", *BACK, "--timestamps")
    assert "leave --since out" in refusal_message(mesh, "kubectl", "logs", *BACK, "--since=1m")
    assert "istio-init" in refusal_message(mesh, "kubectl", "logs", *BACK, "-c", "istio-init")


def test_pod_outside_the_mesh_is_refused_with_the_reason(mesh: Mesh) -> None:
    mesh.lab.kubectl("apply", "-f", "-", stdin=OUTSIDER)
    mesh.lab.kubectl("wait", "pod/outsider", "--for=condition=Ready", "--timeout=180s")
    assert "nothing runs for pod outsider" in refusal_message(mesh, "kubectl", "logs", "outsider")
    mesh.lab.kubectl("delete", "pod", "outsider")


@pytest.mark.parametrize("variables", [{}, SPDY], ids=["websocket", "spdy"])
def test_forwarded_port_leads_into_the_pod(mesh: Mesh, variables: dict[str, str]) -> None:
    with forward_port(mesh, "deployment/back", ":8080", **variables) as url:
        assert json.loads(fetch_url(f"{url}/"))["pod"] == mesh.pods("back")[0]["name"]


def test_service_is_forwarded_by_its_own_port(mesh: Mesh) -> None:
    with forward_port(mesh, "service/back", ":80") as url:
        assert json.loads(fetch_url(f"{url}/"))["pod"] == mesh.pods("back")[0]["name"]


def test_many_large_requests_and_answers_come_through_at_once(mesh: Mesh) -> None:
    count, large = 500_000, {"X-Large": "x" * 50_000}
    with forward_port(mesh, "deployment/back", ":8080") as url, ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: fetch_url(f"{url}/numbers?{count}", large), range(16)))
        assert json.loads(fetch_url(url, large))["headers"].items() >= large.items()
    assert set(answers) == {numbers(count)}


def test_port_that_nobody_listens_on_is_said_to_be_closed(mesh: Mesh) -> None:
    with run_in_background(mesh, "kubectl", "port-forward", "--address=127.0.0.1", *BACK, ":81") as forwarding:
        address = local_address(forwarding)
        with pytest.raises((URLError, ConnectionError)):
            fetch_url(address)
        forwarding.terminate()
        assert "port 81 of pod back-" in forwarding.communicate(timeout=10)[1]


@pytest.mark.parametrize("variables", [{}, SPDY], ids=["websocket", "spdy"])
def test_programs_of_istio_can_be_run_in_their_pods(mesh: Mesh, variables: dict[str, str]) -> None:
    agent = ("kubectl", "exec", *BACK, "-c", "istio-proxy", "--", "pilot-agent")
    result = run(mesh, *agent, "request", "GET", "server_info", **variables)
    assert json.loads(result.stdout)["state"] == "LIVE"
    wrong = run(mesh, *agent, "nonsense", **variables)
    assert 'unknown command "nonsense"' in wrong.stderr
    assert wrong.returncode not in (0, 1), "it is the program's own"


def test_other_programs_are_refused_with_the_way_to_run_them(mesh: Mesh) -> None:
    assert "boutique lab exec" in refusal_message(mesh, "kubectl", "exec", *BACK, "--", "sh")
    assert "pilot-agent is all" in refusal_message(mesh, "kubectl", "exec", *BACK, "-c", "istio-proxy", "--", "sh")


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
