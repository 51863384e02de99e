"""Reads VirtualServices as Istio's reference has it: which rule serves a request, and what it changes.

https://istio.io/latest/docs/reference/config/networking/virtual-service/
"""

from collections.abc import Mapping
from typing import Any

from boutique.routing.resolution import Headers
from tests.support.unit.envoy_headers import Outcome, fully_matches, header_values, joined_header


def at_the_edge(specs: Mapping[str, Any], host: str, headers: Headers) -> Outcome | None:
    """Judge a request to the gateway."""
    attached = [spec for spec in specs.values() if "gateways" in spec and host.lower().split(":")[0] in spec["hosts"]]
    assert len(attached) <= 1
    return _first_match(attached[0], headers) if attached else None


def in_the_mesh(specs: Mapping[str, Any], service: str, port: int, headers: Headers) -> Outcome | None:
    """Judge a call of a Service; one without a VirtualService is called directly."""
    attached = [spec for spec in specs.values() if "gateways" not in spec and service in spec["hosts"]]
    assert len(attached) <= 1
    return _first_match(attached[0], headers) if attached else Outcome(service, port, joined_header(headers, "baggage"))


def _first_match(spec: Mapping[str, Any], headers: Headers) -> Outcome | None:
    for rule in spec["http"]:
        if "match" not in rule or any(_all(match["headers"], headers) for match in rule["match"]):
            change = rule.get("headers", {}).get("request", {})
            baggage = joined_header(headers, "baggage")
            if "baggage" in change.get("remove", []):
                baggage = None
            [route] = rule["route"]
            destination = route["destination"]
            return Outcome(
                destination["host"], destination["port"]["number"], change.get("set", {}).get("baggage", baggage)
            )
    return None


def _all(wanted: Mapping[str, Any], headers: Headers) -> bool:
    return all(any(_header(match, value) for value in header_values(headers, name)) for name, match in wanted.items())


def _header(match: Mapping[str, str], value: str) -> bool:
    [(kind, text)] = match.items()
    return {"regex": fully_matches, "exact": str.__eq__}[kind](text, value)
