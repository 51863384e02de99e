"""Routes of the table, read back from HTTPRoutes.

https://gateway-api.sigs.k8s.io/reference/api-spec/main/spec/#httproute

The API server adds defaults to what the program writes; those are read like nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from boutique.routing import caching
from boutique.routing.model import Backend, EdgeRoute, Gateway, MeshRoute
from boutique.routing.route_fields import Headers, Object, UnreadableError, carried_feature, edge_route, member, only

_GROUP = "gateway.networking.k8s.io"
_EVERYTHING = {"path": {"type": "PathPrefix", "value": "/"}}
"""What the API server writes for a rule without conditions."""


def read(
    name: str, owner: str, namespace: str | None, spec: Object, gateway: Gateway | None
) -> Sequence[EdgeRoute | MeshRoute]:
    """Return the routes of one object.

    Args:
        name: Of the object.
        owner: The stack that owns it.
        namespace: Where it is; None if that is not known yet.
        spec: What it says.
        gateway: What routes of the edge attach to; None for any.

    Raises:
        UnreadableError: It says what no route of the table can say.
        LookupError, TypeError, ValueError: It has another form than a route of the table.
    """
    only(spec, "spec", ("parentRefs", "hostnames", "rules"))
    [parent], [rule] = spec["parentRefs"], spec["rules"]
    only(rule, "rule", ("name", "matches", "filters", "backendRefs", "timeouts"))
    backend, headers = _backend(rule, namespace), _headers(rule)
    if parent.get("kind") == "Service":
        only(parent, "parentRef", ("kind", "name", "port"), namespace=namespace)
        if changed := [field for field in ("filters", "timeouts") if rule.get(field)]:
            raise UnreadableError(f"has {', '.join(changed)} for calls of a Service")
        if spec.get("hostnames"):
            raise UnreadableError("has hostnames for calls of a Service")
        called = Backend(service=parent["name"], port=parent["port"])
        return [MeshRoute(name=name, owner=owner, service=called, feature=member(headers), backend=backend)]
    only(parent, "parentRef", ("name", "namespace", "sectionName"), group=_GROUP, kind="Gateway")
    _check_attached(parent, namespace, gateway)
    [host] = spec["hostnames"]
    only(rule.get("timeouts") or {}, "timeouts", (), request="0s")
    changes = _changes(rule)
    feature = carried_feature(_values(changes["request"], "set"), changes["request"].get("remove") or [])
    answers = changes["response"]
    no_store, vary = caching.parse_response_headers(
        _values(answers, "set"), _values(answers, "add"), answers.get("remove") or []
    )
    route = edge_route(name, owner, host, headers, feature, backend)
    return [replace(route, no_store=no_store, vary=vary)]


def requests(namespace: str | None, spec: Object) -> Iterator[str]:
    """Return the hosts of the edge and the Services of the mesh that an object is for; `*` for all."""
    parents = spec.get("parentRefs") or []
    services = [parent for parent in parents if parent.get("kind") == "Service"]
    yield from (service["name"] for service in services if service.get("namespace", namespace) == namespace)
    if any(parent.get("kind", "Gateway") == "Gateway" for parent in parents):
        yield from spec.get("hostnames") or ["*"]


def _backend(rule: Object, namespace: str | None) -> Backend:
    [reference] = rule["backendRefs"]
    if reference.get("weight") == 0:
        raise UnreadableError("sends nothing to its backend, whose weight is 0")
    if reference.get("namespace", namespace) != namespace:
        raise UnreadableError(f"sends to a Service of the namespace {reference['namespace']}")
    only(reference, "backendRef", ("name", "port", "weight", "namespace"), kind="Service")
    return Backend(service=reference["name"], port=reference["port"])


def _headers(rule: Object) -> Headers:
    [match] = rule.get("matches") or [_EVERYTHING]
    only(match, "matches", ("headers",), **_EVERYTHING)
    return [
        (header["name"].lower(), header.get("type", "Exact"), header["value"]) for header in match.get("headers") or []
    ]


def _changes(rule: Object) -> Mapping[str, Object]:
    """Return what a rule changes of the headers of a request and of its response; each filter may be there once."""
    changes: dict[str, Object] = {"request": {}, "response": {}}
    for item in rule.get("filters") or []:
        if item.get("type") == "ResponseHeaderModifier":
            only(item, "filters", ("type", "responseHeaderModifier"))
            only(item["responseHeaderModifier"], "filters", ("set", "add", "remove"))
            changes["response"] = item["responseHeaderModifier"]
        else:
            only(item, "filters", ("requestHeaderModifier",), type="RequestHeaderModifier")
            only(item["requestHeaderModifier"], "filters", ("set", "remove"))
            changes["request"] = item["requestHeaderModifier"]
    return changes


def _values(change: Object, which: str) -> Mapping[str, str]:
    return {header["name"]: header["value"] for header in change.get(which) or []}


def _check_attached(parent: Object, namespace: str | None, gateway: Gateway | None) -> None:
    if gateway is None:
        return
    gateway_namespace = parent.get("namespace", namespace)
    if (gateway_namespace, parent["name"]) != (gateway.namespace, gateway.name):
        raise UnreadableError(f"attaches to the Gateway {gateway_namespace}/{parent['name']}")
    section = parent.get("sectionName", gateway.listener)
    if section not in (gateway.listener, gateway.preview_listener):
        raise UnreadableError(f"attaches to the listener {section}")
