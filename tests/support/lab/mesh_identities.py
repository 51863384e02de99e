"""Calls from inside the pods of a meshed shop, with their identities."""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from boutique.application.workload import Workload
from tests.support import online_boutique
from tests.support.lab.lab_commands import Lab, eventually

CALLER = Path(__file__).with_name("pod_requests.py")

METHODS: Mapping[str, str] = {
    "adservice": "/hipstershop.AdService/GetAds",
    "cartservice": "/hipstershop.CartService/GetCart",
    "checkoutservice": "/hipstershop.CheckoutService/PlaceOrder",
    "currencyservice": "/hipstershop.CurrencyService/GetSupportedCurrencies",
    "emailservice": "/hipstershop.EmailService/SendOrderConfirmation",
    "paymentservice": "/hipstershop.PaymentService/Charge",
    "productcatalogservice": "/hipstershop.ProductCatalogService/ListProducts",
    "recommendationservice": "/hipstershop.RecommendationService/ListRecommendations",
    "shippingservice": "/hipstershop.ShippingService/GetQuote",
}
"""A method of every service that talks gRPC (`protos/demo.proto` of upstream)."""


@dataclass(frozen=True)
class Call:
    """A question to one service, as `pod_requests.py` takes it."""

    kind: str
    name: str
    address: str
    port: int
    call: str

    @property
    def refused(self) -> str:
        """The status that an unauthorized caller gets."""
        return {"grpc": "PERMISSION_DENIED", "http": "403", "redis": "refused"}[self.kind]


def network_command(lab: Lab, workload: str) -> list[str]:
    """Return what runs a command in the network of a workload's only pod, once those of an update before are gone."""

    def pods() -> list[dict[str, Any]]:
        pods: Any = lab.status()["pods"]
        return [pod for pod in pods if pod["name"].rsplit("-", 2)[0] == workload]

    eventually(lambda: len(pods()) == 1, f"{workload} has one pod")
    [pod] = pods()
    pid = next(container["pid"] for container in pod["containers"] if container["kind"] == "app")
    return ["nsenter", "--target", str(pid), "--user", "--net", "--preserve-credentials", "--"]


def curl(lab: Lab, workload: str, *arguments: str) -> str:
    """Run curl in the network of a workload's pod."""
    command = [*network_command(lab, workload), "curl", "--silent", "--show-error", "--max-time", "10", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def calls(lab: Lab, namespace: str) -> dict[str, Call]:
    """Return a question to every workload that can be called, by its name."""
    services = json.loads(lab.kubectl("get", "services", "-n", namespace, "-o", "json"))["items"]
    addresses = {service["metadata"]["name"]: service["spec"]["clusterIP"] for service in services}
    return {
        workload.name: _call(workload, addresses[workload.name])
        for workload in online_boutique.WORKLOADS
        if workload.service_ports
    }


def ask(lab: Lab, workload: str, questions: Sequence[Call]) -> list[str]:
    """Ask from inside a pod of a workload; return what became of each question."""
    command = [*network_command(lab, workload), sys.executable, str(CALLER)]
    stdin = json.dumps([vars(question) for question in questions])
    output = subprocess.run(command, input=stdin, capture_output=True, text=True, check=True, timeout=120).stdout
    answers: list[str] = json.loads(output)
    return answers


@contextmanager
def load(
    lab: Lab, workload: str, question: Call, *, at_least: int, pause: float = 0.0
) -> Iterator[Counter[tuple[str, str]]]:
    """Ask over and over from inside a pod while the caller does something; count (outcome, version) when it is done."""
    counted: Counter[tuple[str, str]] = Counter()
    arguments = ["--load", json.dumps(vars(question)), "--at-least", str(at_least), "--pause", str(pause)]
    command = [*network_command(lab, workload), sys.executable, str(CALLER), *arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as running:
        try:
            yield counted
            output, _ = running.communicate(timeout=120)
        finally:
            running.kill()
    assert running.returncode == 0, "the load was cut off"
    counted.update({(outcome, version): count for outcome, version, count in json.loads(output)})


def _call(workload: Workload, address: str) -> Call:
    port = workload.service_ports[0].port or 0
    kind = "redis" if workload.stateful else "grpc" if workload.name in METHODS else "http"
    return Call(kind, workload.name, address, port, METHODS.get(workload.name, "/_healthz"))
