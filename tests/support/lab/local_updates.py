"""The committed stack `local`, to be changed by tests, seen from outside: what may be changed, and who notices."""

import json
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from boutique.settings.ingress_settings import GATEWAY_API, VIRTUAL_SERVICE, RoutingApi
from tests.support.lab.cluster_objects import names
from tests.support.lab.gateway_clients import Load, Site, load
from tests.support.lab.lab_commands import Lab, eventually
from tests.support.lab.lab_stacks import Stack, committed_sections, project

HOST, OTHER = "shop.localhost", "other.localhost"
KINDS = {GATEWAY_API: "httproutes.gateway.networking.k8s.io", VIRTUAL_SERVICE: "virtualservices.networking.istio.io"}
GATEWAYS = {GATEWAY_API: "gateways.gateway.networking.k8s.io", VIRTUAL_SERVICE: "gateways.networking.istio.io"}


@dataclass(frozen=True)
class IngressEnvironment:
    """The shop behind its gateway.

    Attributes:
        lab: Where it is.
        stack: The stack `local`, to be changed.
        site: Its host, and whose certificates count for it.
        sections: The configuration of the stack when it was deployed first.
        before: What was in the cluster before.
    """

    lab: Lab
    stack: Stack
    site: Site
    sections: Mapping[str, Any] = field(repr=False)
    before: frozenset[tuple[str, str, str]] = field(repr=False)

    def configure(self, *, environment: Mapping[str, Any] | None = None, **sections: Any) -> Stack:
        """Configure the stack as it was deployed first, with other values of the environment and other sections."""
        first = deepcopy(dict(self.sections))
        return self.stack.configure(
            **{**first, "environment": {**first["environment"], **(environment or {})}, **sections}
        )

    def wait(self) -> "IngressEnvironment":
        """Wait until people get in."""
        eventually(lambda: self.site.get()[0] == 200, "the shop is open")
        return self

    def at(self, host: str) -> Site:
        """Return another host behind the same port."""
        return replace(self.site, host=host)

    def page(self, **headers: str) -> dict[str, Any]:
        """Return the shop's first page as its frontend tells it to programs."""
        status, _, body = self.site.get(headers={"Accept": "application/json", **headers})
        assert status == 200, body
        content: dict[str, Any] = json.loads(body)
        return content

    def gateways(self) -> dict[str, int]:
        """Return how often the containers of each of the gateway's pods were started again, by the pod's name."""
        pods: Any = self.lab.status()["pods"]
        return {
            pod["name"]: sum(container["restarts"] for container in pod["containers"])
            for pod in pods
            if pod["namespace"] == "istio-ingress"
        }

    def set(self, key: str, value: str, *, secret: bool = False) -> None:
        """Change one value of the stack's configuration, as its user would."""
        kind = ["--secret"] if secret else ["--path"]
        self.stack.pulumi("config", "set", *kind, f"boutique:{key}", value)

    def unset(self, key: str) -> None:
        """Remove one value of the stack's configuration."""
        self.stack.pulumi("config", "rm", "--path", f"boutique:{key}")

    def findings(self) -> list[dict[str, Any]]:
        """Return what Istio has to say against what is deployed."""
        output = self.lab.boutique("exec", "--", "istioctl", "analyze", "--all-namespaces", "--output", "json").stdout
        return [message for message in json.loads(output) if message["level"] in {"Error", "Warning"}]


def deploy_ingress(lab: Lab, folder: Path, authority: str = "", **platform: Any) -> IngressEnvironment:
    """Deploy the committed stack with other values of its platform, and wait until people get in.

    Args:
        lab: Where nothing is deployed yet.
        folder: For the project.
        authority: PEM of the certificate that vouches for the host, beside the lab's.
        platform: The other values.
    """
    # What every namespace gets appears a moment after the namespaces of a new cluster.
    eventually(lambda: ("ConfigMap", "kube-public", "kube-root-ca.crt") in names(lab), "the cluster is complete")
    before = frozenset(names(lab))
    sections = committed_sections("local")
    sections["platform"] |= platform
    sections["environment"]["target"] = "local"
    port = int(str(lab.status()["https"]).rpartition(":")[2])
    site = Site(HOST, port, authority + (lab.folder / "files/certificate/ca.crt").read_text())
    door = IngressEnvironment(lab, project(folder, lab.env)("local").create(), site, sections, before)
    door.configure().up()
    return door.wait()


def report(what: str, traffic: Load) -> None:
    """Print the number of requests, for readers of the log."""
    print(
        f"{what}: kept {traffic.kept}, new {traffic.fresh}, HTTP/2 {traffic.http2}, connections {traffic.connections}"
    )


def switch(door: IngressEnvironment, api: RoutingApi) -> None:
    """Change the routing API while a few people are there, and print how many of them were sent away."""
    door.set("platform.routing.api", api)
    with load(door.site, "/", keeping=0, opening=1, http2=1, pause=0.1) as traffic:
        door.stack.up()
        door.wait()
    print(f"to {api}: {traffic.total} requests, failed in {traffic.outage:.1f} s: {dict(traffic.failures)}")
    # No request is admitted for a moment; every admitted one finds the whole shop at work.
    assert all("status 404" in what for what in traffic.failures)
    other = next(kind for kind in KINDS if kind != api)
    assert not versions(door.lab, KINDS[other], "local")
    assert not versions(door.lab, GATEWAYS[other], "istio-ingress")


def versions(lab: Lab, kind: str, namespace: str) -> dict[str, str]:
    """Return which version of each object of a kind is there, by its name."""
    document = json.loads(lab.kubectl("get", kind, "--namespace", namespace, "--output", "json"))
    return {item["metadata"]["name"]: item["metadata"]["resourceVersion"] for item in document["items"]}
