"""Documents as `pulumi preview --json --show-sames` prints them."""

from typing import Any

STACK = "urn:pulumi:local::boutique::pulumi:pulumi:Stack::boutique-local"
IMAGE = "registry.example/shop/adservice"
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"

Step = dict[str, Any]


def urn(token: str, name: str, parent: str = "") -> str:
    chain = f"{parent.split('::')[2]}$" if parent else ""
    return f"urn:pulumi:local::boutique::{chain}{token}::{name}"


def document(*steps: Step, url: str | None = "https://shop.localhost:8443", **more: Any) -> dict[str, Any]:
    """Return a preview of a stack that has been deployed, or of one that has not if it has no link."""
    outputs = {"url": url, "targets": "[secret]"}
    old = {"oldState": state(STACK, "pulumi:pulumi:Stack", "", {}, custom=False, outputs=outputs)} if url else {}
    new = {"newState": state(STACK, "pulumi:pulumi:Stack", "", {}, custom=False)}
    return {"steps": [{"op": "same" if url else "create", "urn": STACK, **old, **new}, *steps], **more}


def state(of: str, token: str, parent: str, inputs: dict[str, Any], *, custom: bool = True, **more: Any) -> Step:
    return {"urn": of, "type": token, "custom": custom, "parent": parent, "inputs": inputs, **more}


def component(token: str, name: str, op: str = "same") -> Step:
    return _step(op, urn(token, name), token, STACK, {}, {}, custom=False)


def kubernetes(
    token: str,
    name: str,
    before: dict[str, Any] | None,
    after: dict[str, Any] | None,
    *,
    op: str | None = None,
    parent: str = STACK,
    **more: Any,
) -> Step:
    """Return the step of an object; what becomes of it follows from both versions if nothing is said."""
    changes = "create" if before is None else "delete" if after is None else "same" if before == after else "update"
    whole = f"kubernetes:{token}"
    return _step(op or changes, urn(whole, name, parent), whole, parent, before, after, **more)


def _step(
    op: str,
    of: str,
    token: str,
    parent: str,
    before: dict[str, Any] | None,
    after: dict[str, Any] | None,
    *,
    custom: bool = True,
    protect: bool = False,
    reasons: tuple[str, ...] = (),
) -> Step:
    old = {} if before is None else {"oldState": state(of, token, parent, before, custom=custom, protect=protect)}
    new = {} if after is None else {"newState": state(of, token, parent, after, custom=custom, protect=protect)}
    diff = {reason: {"kind": "update", "inputDiff": True} for reason in reasons}
    return {"op": op, "urn": of, **old, **new, "detailedDiff": diff or None}


def metadata(name: str, **labels: str) -> dict[str, Any]:
    return {"name": name, "namespace": "local", "labels": labels, "annotations": {"boutique.dev/owner": "local"}}


def deployment(name: str, version: str, replicas: int = 1, **container: Any) -> dict[str, Any]:
    """Return a Deployment as this program writes it, with the fields that tests look at."""
    labels = {"app": name, "boutique.dev/track": "baseline"}
    version_label = {"app.kubernetes.io/version": version}
    own = {
        "name": "server",
        "image": f"registry.example/shop/{name}:{version}",
        "resources": {"requests": {"cpu": "200m", "memory": "180Mi"}, "limits": {"cpu": "300m", "memory": "300Mi"}},
        **container,
    }
    return {
        "metadata": metadata(name, **labels, **version_label),
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": {**labels, **version_label}}, "spec": {"containers": [own]}},
        },
    }


def service(name: str, port: int) -> dict[str, Any]:
    selector = {"app": name, "boutique.dev/track": "baseline"}
    return {"metadata": metadata(name), "spec": {"selector": selector, "ports": [{"port": port}]}}


def microservice(
    name: str, port: int, before: dict[str, Any] | None, after: dict[str, Any] | None, **more: Any
) -> list[Step]:
    """Return a service with its objects, of which only the Deployment changes."""
    parent = urn("boutique:index:Microservice", name)
    front = service(name, port)
    return [
        component("boutique:index:Microservice", name, "create" if before is None else "same"),
        kubernetes("core/v1:Service", name, before and front, after and front, parent=parent),
        kubernetes("apps/v1:Deployment", name, before, after, parent=parent, **more),
    ]


def mesh_route(service: str, port: int, backend: str | None = None) -> dict[str, Any]:
    return {
        "metadata": metadata(service),
        "spec": {
            "parentRefs": [{"group": "", "kind": "Service", "name": service, "port": port}],
            "rules": [{"backendRefs": [{"name": backend or service, "port": port}]}],
        },
    }


def edge_route(host: str = "shop.localhost") -> dict[str, Any]:
    return {
        "metadata": metadata("edge"),
        "spec": {
            "parentRefs": [{"kind": "Gateway", "name": "ingress"}],
            "hostnames": [host],
            "rules": [
                {
                    "filters": [{"type": "RequestHeaderModifier", "requestHeaderModifier": {"remove": ["baggage"]}}],
                    "backendRefs": [{"name": "frontend", "port": 80}],
                    "timeouts": {"request": "0s"},
                }
            ],
        },
    }


def routes(*specs: tuple[dict[str, Any] | None, dict[str, Any] | None]) -> list[Step]:
    token, parent = "gateway.networking.k8s.io/v1:HTTPRoute", urn("boutique:index:Routes", "routes")
    steps = [
        kubernetes(token, f"routes-{(before or after or {})['metadata']['name']}", before, after, parent=parent)
        for before, after in specs
    ]
    return [component("boutique:index:Routes", "routes"), *steps]


def one_line() -> dict[str, Any]:
    """Return the preview of a new version of one service."""
    frontend = deployment("frontend", "v0.10.6")
    same = [mesh_route("adservice", 9555), mesh_route("frontend", 80), edge_route()]
    return document(
        *microservice("adservice", 9555, deployment("adservice", "v0.10.6"), deployment("adservice", "v0.10.7")),
        *microservice("frontend", 80, frontend, frontend),
        *routes(*((route, route) for route in same)),
    )
