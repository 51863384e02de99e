"""The schema of behaviour documents: what a workload serves and which services it calls.

A behaviour document is JSON: `<application>/<workload>` with one `Behaviour` each, field by field as below, the names
of fields in camel case.

Whatever serves a request does the same: it collects named values (the caller's, the path's, the form's), makes its
calls in order, and answers with what it learnt. Later calls can use what earlier ones gave.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from lab.standins.decoding import decode, encode
from lab.standins.journeys import Load
from lab.standins.standin_call import StandinCall, Worker
from support.port_protocols import PortProtocol

ANY_METHOD = "*"
"""The path of a method that stands for every method that has no entry of its own."""


@dataclass(frozen=True, kw_only=True)
class Method:
    """A gRPC method that is served.

    Attributes:
        path: `/package.Service/Method`, or `*` for every other method.
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
        default: The value of a visitor without the cookie; if not given a random one, which the visitor gets.
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
        path: With `{name}` for one segment that becomes a value, `{name...}` for the whole rest, and `{...}` for a
            rest that becomes none.
        verbs: HTTP methods; another one is answered with 405.
        form: Fields that have to be sent, with the regular expression each has to match: else 422.
        calls: Made in order before it answers.
        status: Of a good answer.
        text: The plain text that it answers with, instead of a page.
        redirect: Where it sends the browser (302) when all went well.
        referer: Whether it rather sends the browser back to where it came from.
        sets: The name of the cookie that gets the value of the form's field of the same meaning.
        expires_cookies: Whether every cookie that the request carried is expired.
        health: Whether it says if the workload is ready.
        probes_only: Whether it is for probes only, which a kubelet's User-Agent tells; visitors get the next route.
        machine: Whether it always answers with JSON.
    """

    path: str
    verbs: tuple[str, ...] = ("GET", "HEAD")
    form: Mapping[str, str] = field(default_factory=dict)
    calls: tuple[StandinCall, ...] = ()
    status: int = 200
    text: str | None = None
    redirect: str | None = None
    referer: bool = False
    sets: str | None = None
    expires_cookies: bool = False
    health: bool = False
    probes_only: bool = False
    machine: bool = False


@dataclass(frozen=True, kw_only=True)
class Site:
    """The HTTP site of a workload.

    Attributes:
        routes: The first one that matches a request answers it.
        cookies: That hold values of a visitor's.
        banner_variable: The environment variable with a text that pages show.
    """

    routes: tuple[StandinRoute, ...]
    cookies: tuple[Cookie, ...] = ()
    banner_variable: str | None = None


@dataclass(frozen=True, kw_only=True)
class ServedPort:
    """A port of the container.

    Attributes:
        number: What is listened on.
        protocol: Spoken there: HTTP of both versions, gRPC, RESP, or bytes that come back.
        tls: Whether the container itself speaks TLS on it.
    """

    number: int
    protocol: PortProtocol
    tls: bool = False


@dataclass(frozen=True, kw_only=True)
class Behaviour:
    """The behaviour of a workload: what it serves, and what it does by itself.

    Attributes:
        ports: What it listens on.
        methods: Of its gRPC ports.
        site: Of its HTTP ports.
        echo_calls: Made in order for everything that its TCP ports receive, before they send it back.
        load: The load that it makes.
        worker: The calls that it makes by itself.
    """

    ports: tuple[ServedPort, ...] = ()
    methods: tuple[Method, ...] = ()
    site: Site | None = None
    echo_calls: tuple[StandinCall, ...] = ()
    load: Load | None = None
    worker: Worker | None = None

    @property
    def calls(self) -> tuple[StandinCall, ...]:
        """Every call that the workload can make."""
        groups = [method.calls for method in self.methods]
        groups += [route.calls for route in self.site.routes] if self.site else []
        groups += [self.echo_calls, self.worker.calls if self.worker else ()]
        return tuple(call for group in groups for call in group)


def render(behaviours: Mapping[str, Behaviour]) -> str:
    """Write a behaviour document."""
    return json.dumps({name: encode(behaviour) for name, behaviour in behaviours.items()})


def read(document: str, workload: str) -> Behaviour | None:
    """Read what one workload does from a behaviour document; None if the document does not know it.

    Args:
        document: The document.
        workload: `<application>/<workload>`.

    Raises:
        ValueError: Something in it is not what it should be.
    """
    workloads = json.loads(document)
    return decode(Behaviour, workloads[workload], workload) if workload in workloads else None
