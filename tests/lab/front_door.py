"""The committed stack `local` on a lab of its own, seen from outside: what may be changed, and who notices."""

import json
from dataclasses import dataclass, replace
from typing import Any

from labs import Lab, eventually
from stacks import Stack, committed
from visitors import Load, Site

HOST = "shop.localhost"


@dataclass(frozen=True)
class FrontDoor:
    """The shop behind its gateway.

    Attributes:
        lab: Where it is.
        stack: The stack `local`, to be changed.
        site: Its host, and whose certificates count for it.
    """

    lab: Lab
    stack: Stack
    site: Site

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
            pod["name"]: sum(one["restarts"] for one in pod["containers"])
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
        said = self.lab.boutique("exec", "--", "istioctl", "analyze", "--all-namespaces", "--output", "json").stdout
        return [message for message in json.loads(said) if message["level"] in {"Error", "Warning"}]


def open_door(lab: Lab, stack: Stack) -> FrontDoor:
    """Deploy the committed stack and wait until people get in."""
    stack.configure(**committed("local"))
    stack.up()
    return found_open(lab, stack)


def found_open(lab: Lab, stack: Stack) -> FrontDoor:
    """Wait until people get in to a stack that is deployed."""
    port = int(str(lab.status()["https"]).rpartition(":")[2])
    door = FrontDoor(lab, stack, Site(HOST, port, (lab.folder / "files/certificate/ca.crt").read_text()))
    eventually(lambda: door.site.get()[0] == 200, 30, "the shop is open")
    return door


def report(what: str, found: Load) -> None:
    """Print how many requests there were, for whoever reads the log."""
    print(f"{what}: kept {found.kept}, new {found.fresh}, HTTP/2 {found.http2}, connections {found.connections}")
