"""What the deployer of one environment might try on another of the same cluster."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support.lab.lab_commands import Lab, eventually
from tests.support.lab.lab_stacks import Stack

Object = dict[str, Any]

NOWHERE: Object = {"name": "currencyservice", "port": 7000}
"""Where stolen requests would go: it answers none of them."""
GATEWAY = {"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "ingress", "namespace": "istio-ingress"}


class DeployerClient:
    """A client with the token of one target's deployer and nothing else.

    Attributes:
        home: Their namespace.
    """

    def __init__(self, lab: Lab, home: str, kubeconfig: Path) -> None:
        self.home = home
        self._lab = lab
        self._login = ("--kubeconfig", str(kubeconfig))

    def refusal(self, *command: str) -> str:
        """Return why kubectl is refused; empty if it is not."""
        return self._lab.refusal(*self._login, *command)

    def apply(self, content: Object, *arguments: str) -> str:
        """Return why an object is refused; empty if it is let in."""
        return self._lab.refusal(*self._login, "apply", *arguments, "-f", "-", stdin=json.dumps(content))

    @contextmanager
    def keep_object(self, content: Object) -> Iterator[None]:
        """Have an object in their namespace for a while."""
        assert self.apply(content) == ""
        try:
            yield
        finally:
            assert self.refusal("delete", content["kind"].lower(), content["metadata"]["name"], "-n", self.home) == ""

    def route_verdicts(self, route: str) -> dict[str, str]:
        """Return what each parent of a route makes of it, with the reason, once one has said so."""
        reasons: dict[str, str] = {}

        def has_verdict() -> bool:
            content = json.loads(
                self._lab.kubectl(*self._login, "get", "httproute", route, "-n", self.home, "-o", "json")
            )
            for parent in content.get("status", {}).get("parents", []):
                for condition in parent["conditions"]:
                    if condition["type"] == "Accepted":
                        reasons[parent["parentRef"]["name"]] = f"{condition['status']}: {condition['reason']}"
            return bool(reasons)

        eventually(has_verdict, f"{route} is judged")
        return reasons


def deployer_client(lab: Lab, stack: Stack, target: str, folder: Path) -> DeployerClient:
    """Take the token of a target's deployer from the output of its platform's stack."""
    return DeployerClient(lab, target, stack.kubeconfig_file(target, folder))


def route(
    namespace: str, parent: Object, hosts: list[str] | None = None, *, backend: Object = NOWHERE, **rule: Any
) -> Object:
    """Return a route that takes everything it gets, to nowhere, unless its backend or its rule says otherwise."""
    rules = [{"backendRefs": [backend], **rule}]
    spec = {"parentRefs": [parent], "rules": rules, **({"hostnames": hosts} if hosts else {})}
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": {"name": "theft", "namespace": namespace},
        "spec": spec,
    }


def virtual_service(
    namespace: str, hosts: list[str], gateways: list[str] | None = None, *, to: str = NOWHERE["name"]
) -> Object:
    """Return the same as Istio's own kind of route."""
    destination = {"host": to, "port": {"number": NOWHERE["port"]}}
    spec = {"hosts": hosts, "http": [{"route": [{"destination": destination}]}]}
    return {
        "apiVersion": "networking.istio.io/v1",
        "kind": "VirtualService",
        "metadata": {"name": "theft", "namespace": namespace},
        "spec": {**spec, **({"gateways": gateways} if gateways else {})},
    }


def denied_by(refusal: str) -> str:
    """Return which rule of which target refuses something."""
    match = re.search(r"ValidatingAdmissionPolicy 'online-boutique-(\S+)'", refusal)
    assert match, refusal or "it was let in"
    return match[1]
