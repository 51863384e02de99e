"""Reads HTTPRoutes as the Gateway API's specification has it: which of them serves a request, and what it changes.

https://gateway-api.sigs.k8s.io/reference/api-spec/main/spec/#httprouterule
"""

from collections.abc import Mapping
from typing import Any

from boutique.routing.resolution import Headers
from tests.support.unit.envoy_headers import Outcome, fully_matches, header_values, joined_header

# What the API server fills in (standard/gateway.networking.k8s.io_httproutes.yaml).
EVERYTHING = [{"path": {"type": "PathPrefix", "value": "/"}}]


def at_the_edge(specs: Mapping[str, Any], host: str, headers: Headers) -> Outcome | None:
    """Judge a request to the gateway; the specs are in the order in which their objects were made."""
    name = host.lower().split(":")[0]
    attached = {
        route: spec
        for route, spec in specs.items()
        if spec["parentRefs"][0]["kind"] == "Gateway" and spec["hostnames"] == [name]
    }
    return _served_backend(attached, headers)


def in_the_mesh(specs: Mapping[str, Any], service: str, port: int, headers: Headers) -> Outcome | None:
    """Judge a call of a Service; one without routes is called directly."""
    parent = {"group": "", "kind": "Service", "name": service, "port": port}
    attached = {route: spec for route, spec in specs.items() if spec["parentRefs"] == [parent]}
    return _served_backend(attached, headers) if attached else Outcome(service, port, joined_header(headers, "baggage"))


def _served_backend(specs: Mapping[str, Any], headers: Headers) -> Outcome | None:
    candidates = [
        (-len(match.get("headers", [])), age, name, rule)
        for age, (name, spec) in enumerate(specs.items())
        for rule in spec["rules"]
        for match in rule.get("matches", EVERYTHING)
        if _matches(match, headers)
    ]
    if not candidates:
        return None
    *_, rule = min(candidates, key=lambda candidate: candidate[:3])
    [backend] = rule["backendRefs"]
    return Outcome(
        backend["name"], backend["port"], joined_header(_modify_headers(rule.get("filters", []), headers), "baggage")
    )


def _matches(match: Mapping[str, Any], headers: Headers) -> bool:
    assert match.get("path", EVERYTHING[0]["path"]) == EVERYTHING[0]["path"]
    return all(
        any(_header(wanted, value) for value in header_values(headers, wanted["name"]))
        for wanted in match.get("headers", [])
    )


def _header(wanted: Mapping[str, str], value: str) -> bool:
    return fully_matches(wanted["value"], value) if wanted["type"] == "RegularExpression" else value == wanted["value"]


def _modify_headers(filters: list[Mapping[str, Any]], headers: Headers) -> Headers:
    for entry in filters:
        if entry["type"] == "ResponseHeaderModifier":
            continue
        assert entry["type"] == "RequestHeaderModifier"
        change = entry["requestHeaderModifier"]
        headers = _without(headers, change.get("remove", []))
        for header in change.get("set", []):
            headers = (*_without(headers, [header["name"]]), (header["name"], header["value"]))
        headers = (*headers, *((header["name"], header["value"]) for header in change.get("add", [])))
    return headers


def _without(headers: Headers, names: list[str]) -> Headers:
    return tuple((key, value) for key, value in headers if key.lower() not in names)
