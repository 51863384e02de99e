"""Stand-ins that are derived from an application run in the mesh: every protocol, port and probe of it."""

import json
import subprocess
from typing import Any

import pytest

from tests.support.lab.lab_commands import Lab, eventually

pytestmark = pytest.mark.lab

ACCOUNT = "spiffe://cluster.local/ns/shop/sa"


def pid(lab: Lab, workload: str) -> int:
    """Return the process of the stand-in of a workload."""
    pods: Any = lab.status()["pods"]
    [pod] = [pod for pod in pods if pod["name"].startswith(f"{workload}-")]
    [container] = [container for container in pod["containers"] if container["kind"] == "app"]
    return int(container["pid"])


def call(lab: Lab, caller: str, url: str, *options: str) -> str:
    """Return the answer to a request out of the pod of a workload, through its proxy if it leaves the pod."""
    enter = ("nsenter", "--target", str(pid(lab, caller)), "--user", "--net", "--preserve-credentials", "--")
    done = subprocess.run(
        [
            *enter,
            "curl",
            "--silent",
            "--fail",
            "--max-time",
            "8",
            "--header",
            "accept: application/json",
            *options,
            url,
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout


def page(lab: Lab, caller: str, url: str, *options: str) -> dict[str, Any]:
    """Return the page that a stand-in answers with, once the proxies know each other."""
    answers: list[str] = []

    def is_answered() -> bool:
        answers.append(call(lab, caller, url, *options))
        return '"hops"' in answers[-1]

    eventually(is_answered, f"{url} is answered to {caller}")
    content: dict[str, Any] = json.loads(answers[-1])
    return content


def test_every_callee_is_reached_by_its_protocol_and_over_mtls(applications: Lab) -> None:
    url = f"http://{service(applications, 'web')}/x"
    hops = page(applications, "reports", url, "--header", "baggage: feature=x")["hops"]
    assert [(hop["caller"], hop["workload"], hop["call"], hop["identity"]) for hop in hops] == [
        (None, "web", "GET /x", f"{ACCOUNT}/reports"),
        ("web", "api", "GET /v1/items", f"{ACCOUNT}/web"),
        ("api", "database", "TCP", None),
        ("api", "queue", "TCP", None),
        # The names of this port and of that of `reports` tell no protocol: proxies add nothing to bytes.
        ("web", "api", "/api/Call", None),
        ("api", "database", "TCP", None),
        ("api", "queue", "TCP", None),
        ("web", "queue", "TCP", None),
        ("web", "cache", "PING", None),
        # Its own TLS lies inside the mesh's, so that no proxy can add a header.
        ("web", "billing", "GET /", None),
        ("web", "reports", "GET /", None),
    ]
    assert {hop["status"] for hop in hops} == {"OK"}
    assert {hop["workload"] for hop in hops if hop["baggage"] is None and hop["version"]} == {"billing"}


def test_probes_are_answered_without_a_call(applications: Lab) -> None:
    # Its probe asks for `/`, which visitors get as a page that calls others.
    log = applications.kubectl("logs", "-n", "shop", "deployment/web")
    assert "web 1.0.0 started" in log
    assert "GET /: " not in log


def test_a_worker_calls_by_itself(applications: Lab) -> None:
    def has_called() -> bool:
        return "called queue, api, database, queue" in applications.kubectl("logs", "-n", "shop", "deployment/worker")

    eventually(has_called, "the worker has called")


def test_a_pod_of_no_application_answers_with_a_page(applications: Lab) -> None:
    content = page(applications, "reports", f"http://{service(applications, 'stranger')}/any")
    assert [(hop["workload"], hop["call"]) for hop in content["hops"]] == [("stranger", "GET /any")]


def service(lab: Lab, name: str) -> str:
    """Return the address of a Service: outside a stand-in there is no DNS."""
    return lab.kubectl("get", "service", "-n", "shop", name, "-o", "jsonpath={.spec.clusterIP}")
