"""The schema of behaviour documents: what a workload serves and which services it calls.

A behaviour document is JSON: the workloads' names with one `Behaviour` each, field by field as below.

Whatever serves a request does the same: it collects named values (the caller's, the path's, the form's), makes its
calls in order, and answers with what it learnt. Later calls can use what earlier ones gave.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from lab.standins.decoding import decode
from lab.standins.journeys import Load


@dataclass(frozen=True, kw_only=True)
class StandinCall:
    """A downstream call: of a gRPC method, of a path by HTTP POST, or a command for a store.

    Attributes:
        variable: The environment variable with the callee's address.
        method: `/package.Service/Method` of a gRPC call.
        path: Of an HTTP call.
        command: Words for a store, with `{name}` for a value. Without an address the store is kept in memory.
        gives: The name for a store's reply among the values.
        each: The name of a list among the values: the call is made once for each of its entries.
        bind: What an entry of `each` is called in the request.
        baggage: Whether the W3C `baggage` that was received is passed on.
        trace: Whether the W3C `traceparent` and `tracestate` that were received are passed on.
        timeout_seconds: How long the caller waits; None for as long as it takes.
        optional: Whether a failure is ignored.
        failure: The gRPC status that the caller answers with when this call fails.
    """

    variable: str
    method: str | None = None
    path: str | None = None
    command: tuple[str, ...] = ()
    gives: str | None = None
    each: str | None = None
    bind: str = "product_id"
    baggage: bool = True
    trace: bool = True
    timeout_seconds: float | None = None
    optional: bool = False
    failure: str = "INTERNAL"


@dataclass(frozen=True, kw_only=True)
class Method:
    """A gRPC method that is served.

    Attributes:
        path: `/package.Service/Method`.
        calls: Made in order before it answers.
        gives: Values that its answer always holds.
        known: Values that it accepts, by name: any other value is answered with NOT_FOUND.
    """

    path: str
    calls: tuple[StandinCall, ...] = ()
    gives: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    known: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Cookie:
    """A cookie that holds a value of the visitor's.

    Attributes:
        name: Of the cookie.
        value: What the value is called in requests.
        max_age_seconds: How long a browser keeps it.
        default: The value of a visitor without the cookie; None for a random one, which the visitor is then given.
        shared_switch: The environment variable that is `true` when all such visitors share one value.
        shared_default: The value that they share.
    """

    name: str
    value: str
    max_age_seconds: int
    default: str | None = None
    shared_switch: str | None = None
    shared_default: str | None = None


@dataclass(frozen=True, kw_only=True)
class StandinRoute:
    """An HTTP route.

    Attributes:
        path: With `{name}` for one segment that becomes a value, and `{name...}` for the whole rest.
        verbs: HTTP methods; another one is answered with 405.
        form: Fields that have to be sent, with the regular expression each has to match: else 422.
        calls: Made in order before it answers.
        text: The plain text that it answers with, instead of a page.
        redirect: Where it sends the browser (302) when all went well.
        referer: Whether it rather sends the browser back to where it came from.
        sets: The name of the cookie that gets the value of the form's field of the same meaning.
        expires_cookies: Whether every cookie that the request carried is expired.
        health: Whether it says if the workload is ready.
        machine: Whether it always answers with JSON.
    """

    path: str
    verbs: tuple[str, ...] = ("GET", "HEAD")
    form: Mapping[str, str] = field(default_factory=dict)
    calls: tuple[StandinCall, ...] = ()
    text: str | None = None
    redirect: str | None = None
    referer: bool = False
    sets: str | None = None
    expires_cookies: bool = False
    health: bool = False
    machine: bool = False


@dataclass(frozen=True, kw_only=True)
class Site:
    """The HTTP site of a workload; the banner's text comes from the environment variable of that name."""

    routes: tuple[StandinRoute, ...]
    cookies: tuple[Cookie, ...] = ()
    banner_variable: str | None = None


@dataclass(frozen=True, kw_only=True)
class Behaviour:
    """The behaviour of a workload: it serves gRPC methods, a site, or a store, on one port, or it makes load."""

    port: int | None = None
    methods: tuple[Method, ...] = ()
    site: Site | None = None
    store: bool = False
    load: Load | None = None

    @property
    def calls(self) -> tuple[StandinCall, ...]:
        """Every call that the workload can make."""
        groups = [method.calls for method in self.methods]
        groups += [route.calls for route in self.site.routes] if self.site else []
        return tuple(call for group in groups for call in group)


def render(behaviours: Mapping[str, Behaviour]) -> str:
    """Write a behaviour document."""
    return json.dumps({name: asdict(behaviour) for name, behaviour in behaviours.items()})


def read(document: str, workload: str) -> Behaviour:
    """Read what one workload does from a behaviour document.

    Raises:
        ValueError: The document does not know the workload, or something in it is not what it should be.
    """
    workloads = json.loads(document)
    if workload not in workloads:
        raise ValueError(f"the behaviour document does not know the workload {workload}")
    return decode(Behaviour, workloads[workload], workload)
