"""What a smoke test of a feature asks: a shop with routes, an API server with a feature, and its stacks."""

import json
import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from boutique.application.workload import Workload
from boutique.outputs import SCHEMA_VERSION, VERSION
from boutique.routing.resolution import has_key
from tests.support import online_boutique
from tests.support.online_boutique import CONTRACT
from tests.support.unit.smoke_fakes import NAMESPACE, TOKEN, Shop, deployer
from tests.support.unit.smoke_fakes import pulumi as fake_pulumi

KEY = "new-ads"
STACK = f"some-{KEY}"
BUILD = "0.10.7-new-ads.3"
SESSION = "canary-of-a-testers-session"
PULUMI = """#!{python}
import os, pathlib, sys
here = pathlib.Path(__file__).parent
with open(here / "commands", "a") as commands:
    print(*sys.argv[1:], file=commands)
if sys.argv[2] == "ls":
    print((here / "stacks.json").read_text())
    sys.exit()
file = here / (sys.argv[sys.argv.index("--stack") + 1] + "." + sys.argv[2])
if not file.exists():
    sys.exit("error: no stack named 'nope' found\\n")
print(file.read_text())
"""


@dataclass
class RoutedShop(Shop):
    """A shop of stand-ins behind a gateway and a mesh that send those with the key of a feature to its services.

    Attributes:
        feature: The services that the feature changed.
        unrouted: Those of them without a route in force.
        drops: Edges that drop `baggage`, as caller and callee.
        listing: Whether answers list their hops.
    """

    feature: tuple[str, ...] = ("adservice",)
    unrouted: tuple[str, ...] = ()
    drops: tuple[tuple[str, str], ...] = (("checkoutservice", "currencyservice"),)
    listing: bool = True

    def answer(self, request: str, headers: Any, body: str) -> tuple[int, dict[str, str], str]:
        status, sent, text = super().answer(request, headers, body)
        if status == 302 or not self.listing:
            return status, sent, text
        keyed = headers["host"].startswith(f"{KEY}.")
        hops = list(self._hops(None, online_boutique.FRONTEND, f"feature={KEY}" if keyed else None, request))
        content = {"hops": hops, "error": None if status == 200 else "it broke"}
        return status, {**sent, "content-type": "application/json"}, json.dumps(content)

    def _hops(self, caller: str | None, called: Workload, baggage: str | None, request: str) -> Iterator[Any]:
        keyed = baggage is not None and has_key([baggage], KEY)
        mine = keyed and called.name in self.feature and called.name not in self.unrouted
        yield {
            "caller": caller,
            "workload": called.name,
            "version": None if called.stateful else BUILD if mine else online_boutique.VERSION,
            "pod": None if called.stateful else f"{called.name}-{KEY}-0" if mine else f"{called.name}-0",
            "call": "a call",
            "baggage": None if called.stateful else baggage,
        }
        for callee in (online_boutique.APPLICATION.workloads_by_name[name] for name in called.callees):
            if callee is not online_boutique.CHECKOUTSERVICE or request == "POST /cart/checkout":
                lost = (called.name, callee.name) in self.drops
                yield from self._hops(called.name, callee, None if lost else baggage, request)


@dataclass
class FeatureCluster:
    """An API server with the objects of a feature.

    Attributes:
        services: Of whom there are a Deployment and pods, with the version that runs.
        ready: How many of their pods are ready, if not one.
        owner: The stack that owns all.
        routed: Whether there is a route.
        standins: Services whose pods run stand-ins of the lab.
    """

    services: dict[str, str] = field(default_factory=lambda: {"adservice": BUILD})
    ready: dict[str, int] = field(default_factory=dict)
    owner: str = STACK
    routed: bool = True
    standins: tuple[str, ...] = ()

    def answer(self, request: str, headers: Any, _: str) -> tuple[int, dict[str, str], str]:
        assert headers["authorization"] == f"Bearer {TOKEN}"
        path, _, query = request.partition("?")
        selector = urllib.parse.parse_qs(query)["labelSelector"]
        kind = path.rpartition("/")[2]
        # All features' objects are asked for by the label alone.
        assert selector in (["boutique.dev/feature"], [f"boutique.dev/feature={KEY}"]), selector
        items: list[dict[str, Any]] = []
        if kind == "httproutes" and self.routed:
            items.append(self._object(f"preview-{KEY}", "frontend"))
        if kind in ("deployments", "pods"):
            items += [getattr(self, f"_{kind}")(name, version) for name, version in self.services.items()]
        content = {"kind": {"deployments": "DeploymentList", "pods": "PodList"}.get(kind, kind), "items": items}
        return 200, {"content-type": "application/json"}, json.dumps(content)

    def _object(self, name: str, app: str) -> dict[str, Any]:
        metadata = {
            "name": name,
            "labels": {"app": app, "boutique.dev/feature": KEY},
            "annotations": {"boutique.dev/owner": self.owner, "boutique.dev/branch": KEY},
            "creationTimestamp": "2026-01-10T10:00:00Z",
        }
        return {"metadata": metadata}

    def _deployments(self, name: str, version: str) -> dict[str, Any]:
        containers = [{"name": "server", "image": f"registry.example/{name}:{version}"}]
        spec = {"replicas": 1, "selector": {}, "template": {"spec": {"containers": containers}}}
        return {**self._object(f"{name}-{KEY}", name), "spec": spec, "status": {}}

    def _pods(self, name: str, version: str) -> dict[str, Any]:
        good = bool(self.ready.get(name, 1))
        image = f"registry.example/{name}:{version}"
        image_id = f"stand-in://{image}" if name in self.standins else f"registry.example/{name}@sha256:abc"
        return {
            **self._object(f"{name}-{KEY}-0", name),
            "spec": {"containers": [{"name": "server", "image": image}]},
            "status": {
                "conditions": [{"type": "Ready", "status": str(good)}],
                "containerStatuses": [{"name": "server", "imageID": image_id, "state": {"running": {}}}],
            },
        }


def pulumi(folder: Path, web: int, api: int, services: dict[str, str] | None, *, stack: str = STACK) -> None:
    """Put a `pulumi` into a folder that knows the environment `some`, and its feature unless that has no services."""
    fake_pulumi(folder, {})
    (folder / "pulumi").write_text(PULUMI.format(python=(folder / "pulumi").read_text().splitlines()[0][2:]))
    entrance = {
        "routing": "gateway-api",
        "host": "shop.localhost",
        "port": web,
        "namespace": "istio-ingress",
        "gateway": "ingress",
        "listener": "https",
        "previewListener": "previews",
    }
    place = {
        "namespace": NAMESPACE,
        "kubeconfig": deployer(api),
        "meshed": True,
        "application": "online-boutique",
        "entrance": entrance,
    }
    environment = {"application": CONTRACT, "settings": {"features": {}}, "place": place}
    (folder / "some.output").write_text(json.dumps({VERSION: SCHEMA_VERSION, "environment": environment}))
    stacks = [{"name": "some"}]
    if services is not None:
        stacks.append({"name": stack})
        section = {
            "services": {name: {"version": version} for name, version in services.items()},
            "environment": "some",
        }
        secret = {"plaintext": json.dumps({**section, "sessions": [SESSION]})}
        resources = [
            {"type": "pulumi:pulumi:Stack", "outputs": {"of": "some", "key": KEY, "feature": secret}},
            {
                "type": "kubernetes:apps/v1:Deployment",
                "inputs": {"metadata": {"labels": {"boutique.dev/feature": KEY}}},
            },
        ]
        (folder / f"{stack}.export").write_text(json.dumps({"deployment": {"resources": resources}}))
    (folder / "stacks.json").write_text(json.dumps(stacks))
