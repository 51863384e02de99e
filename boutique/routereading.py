"""The route table that is in force, read back from the objects of either routing API.

What this program did not write, or somebody has changed, may say more than a route of the table can: it is named, and
left out.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from boutique import httproutes, labels, patterns, virtualservices
from boutique.routing import MEMBER, Backend, Condition, EdgeRoute, MeshRoute, Table

Object = Mapping[str, Any]
Route = EdgeRoute | MeshRoute
_EVERYTHING = {"path": {"type": "PathPrefix", "value": "/"}}
"""What the API server writes for a rule of an HTTPRoute without conditions."""


class UnreadableError(ValueError):
    """A rule says what no route of the table can say; the text says what."""


@dataclass(frozen=True, kw_only=True)
class InForce:
    """What the objects of a namespace say.

    Attributes:
        table: What could be read.
        unread: A line for each object that says something else.
    """

    table: Table
    unread: tuple[str, ...]


def in_force(of_gateway_api: Iterable[Object], of_istio: Iterable[Object]) -> InForce:
    """Return the routes of a namespace, in the order in which they are asked.

    Args:
        of_gateway_api: Its HTTPRoutes.
        of_istio: Its VirtualServices.
    """
    aged = sorted(of_gateway_api, key=lambda each: (each["metadata"]["creationTimestamp"], each["metadata"]["name"]))
    routes: list[Route] = []
    unread = []
    for kind, objects, read in (
        (httproutes.KIND, aged, _httproute),
        (virtualservices.KIND, list(of_istio), _virtualservice),
    ):
        for each in objects:
            name, owner = each["metadata"]["name"], each["metadata"].get("annotations", {}).get(labels.OWNER, "nobody")
            try:
                routes += read(name, owner, each["spec"])
            except UnreadableError as error:
                unread.append(f"{kind} {name} of {owner}: {error}")
            except (KeyError, IndexError, TypeError, ValueError):
                unread.append(f"{kind} {name} of {owner}: has another form than the routes of this program")
    edge = tuple(each for each in routes if isinstance(each, EdgeRoute))
    mesh = tuple(each for each in routes if isinstance(each, MeshRoute))
    return InForce(table=Table(edge=edge, mesh=mesh), unread=tuple(unread))


def _httproute(name: str, owner: str, spec: Object) -> Sequence[Route]:
    [parent], [rule] = spec["parentRefs"], spec["rules"]
    [reference] = rule["backendRefs"]
    backend = Backend(service=reference["name"], port=reference["port"])
    [match] = rule.get("matches", [_EVERYTHING])
    if match.get("path", _EVERYTHING["path"]) != _EVERYTHING["path"]:
        raise UnreadableError("matches paths")
    headers = {each["name"].lower(): (each.get("type", "Exact"), each["value"]) for each in match.get("headers", [])}
    if parent.get("kind") == "Service":
        called = Backend(service=parent["name"], port=parent["port"])
        return [MeshRoute(name=name, owner=owner, service=called, feature=_member(headers), backend=backend)]
    [host] = spec["hostnames"]
    changes = [each["requestHeaderModifier"] for each in rule.get("filters", [])]
    said = {each["name"]: each["value"] for change in changes for each in change.get("set", [])}
    removed = [each for change in changes for each in change.get("remove", [])]
    seconds = _seconds(rule.get("timeouts", {}).get("request"))
    return [_edge(name, owner, host, headers, _said(said, removed), backend, seconds)]


def _virtualservice(name: str, owner: str, spec: Object) -> Sequence[Route]:
    [host] = spec["hosts"]
    return list(_rules(name, owner, host, spec["http"], outside="gateways" in spec))


def _rules(name: str, owner: str, host: str, rules: Sequence[Object], *, outside: bool) -> Iterator[Route]:
    for rule in rules:
        [route] = rule["route"]
        destination = route["destination"]
        backend = Backend(service=destination["host"], port=destination["port"]["number"])
        [match] = rule.get("match", [{}])
        headers = {
            header: ("RegularExpression" if kind == "regex" else "Exact", value)
            for header, wanted in match.get("headers", {}).items()
            for kind, value in wanted.items()
        }
        if set(match) - {"headers"}:
            raise UnreadableError(f"matches {', '.join(sorted(set(match) - {'headers'}))}")
        called = rule.get("name", name)
        if outside:
            change = rule.get("headers", {}).get("request", {})
            feature = _said(change.get("set", {}), change.get("remove", []))
            yield _edge(called, owner, host, headers, feature, backend, _seconds(rule.get("timeout")))
        else:
            # Calls of a Service go to the port that they were for.
            service = Backend(service=host, port=backend.port)
            yield MeshRoute(name=called, owner=owner, service=service, feature=_member(headers), backend=backend)


def _edge(
    name: str,
    owner: str,
    host: str,
    headers: Mapping[str, tuple[str, str]],
    feature: str | None,
    backend: Backend,
    timeout_seconds: int | None,
) -> EdgeRoute:
    if len(headers) > 1:
        raise UnreadableError(f"asks for several headers: {', '.join(sorted(headers))}")
    cookie = header = None
    for asked, (kind, value) in headers.items():
        if asked == "cookie" and kind == "RegularExpression":
            cookie = _condition(asked, value, patterns.cookie_of)
        elif kind == "Exact":
            header = Condition(name=asked, value=value)
        else:
            raise UnreadableError(f"asks for the header {asked} in another way than this program")
    return EdgeRoute(
        name=name,
        owner=owner,
        host=host,
        cookie=cookie,
        header=header,
        feature=feature,
        backend=backend,
        timeout_seconds=timeout_seconds,
    )


def _member(headers: Mapping[str, tuple[str, str]]) -> str | None:
    if not headers:
        return None
    kind, value = headers.get("baggage", ("", ""))
    if len(headers) > 1 or kind != "RegularExpression":
        raise UnreadableError(f"asks for the headers {', '.join(sorted(headers))} in another way than this program")
    found = _condition("baggage", value, patterns.baggage_of)
    if found.name != MEMBER:
        raise UnreadableError(f"asks for the member {found.name!r} of baggage")
    return found.value


def _condition(header: str, pattern: str, read: Callable[[str], tuple[str, str] | None]) -> Condition:
    found = read(pattern)
    if found is None:
        raise UnreadableError(f"asks for the header {header} by another pattern than this program writes")
    return Condition(name=found[0], value=found[1])


def _said(given: Mapping[str, str], removed: Sequence[str]) -> str | None:
    """Return the feature that requests carry from here on."""
    if "baggage" not in given:
        if "baggage" not in removed:
            raise UnreadableError("lets the header baggage in from outside")
        return None
    key, _, value = given["baggage"].partition("=")
    if key != MEMBER:
        raise UnreadableError(f"sets the member {key!r} of baggage")
    return value


def _seconds(text: str | None) -> int | None:
    if text in (None, "0s"):
        return None
    return int(str(text).removesuffix("s"))
