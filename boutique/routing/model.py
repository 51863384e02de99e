"""The route table of an environment: who is sent where, as data.

A request is sorted twice. At the *edge*, the gateway takes away what outsiders say about features and, for a tester's
session, a preview host or a header, says it itself: one `baggage: feature=<key>`. In the *mesh*, the caller's proxy
sends a call with that member to the feature's version of the service, if the feature has one. The services themselves
hand `baggage` on, so sessions cost nothing behind the edge.

Of several routes for one host or Service, those with a condition come before the one without, and among them the first
in the table wins. A preview host has its feature, with any session that a request carries: no session's route is for
that host.
"""

from dataclasses import dataclass

MEMBER = "feature"
"""The member of `baggage` that holds a feature's key."""

HEADER = "boutique-feature"
"""The header that asks for a feature, if the feature takes part; its value is the key."""


@dataclass(frozen=True, kw_only=True)
class Backend:
    """A Service and its port."""

    service: str
    port: int

    def __str__(self) -> str:
        return f"{self.service}:{self.port}"


@dataclass(frozen=True, kw_only=True)
class Condition:
    """A cookie, or a whole header, with its exact value."""

    name: str
    value: str


@dataclass(frozen=True, kw_only=True)
class EdgeRoute:
    """What the gateway does with requests for a host.

    Attributes:
        name: Of the object.
        owner: The stack that owns it.
        host: Of the request.
        preview: Whether that is a name under the environment's host.
        cookie: What the request has to carry; None for any.
        header: The same. A route has at most one of both.
        feature: The key that its requests carry from here on; None takes away what they say themselves.
        backend: Where they go.
        no_store: Whether no cache may keep its answers.
        vary: Headers of the request for which a cache keeps separate answers.
    """

    name: str
    owner: str
    host: str
    preview: bool = False
    cookie: Condition | None = None
    header: Condition | None = None
    feature: str | None = None
    backend: Backend
    no_store: bool = False
    vary: tuple[str, ...] = ()

    @property
    def conditional(self) -> bool:
        """Whether it is for some of its host's requests only."""
        return bool(self.cookie or self.header)


@dataclass(frozen=True, kw_only=True)
class MeshRoute:
    """What callers' proxies do with calls of a Service.

    Attributes:
        name: Of the object.
        owner: The stack that owns it.
        service: What is called.
        feature: The key that the call has to carry; None for any.
        backend: Where it goes.
    """

    name: str
    owner: str
    service: Backend
    feature: str | None = None
    backend: Backend

    @property
    def conditional(self) -> bool:
        """Whether it is for some of its Service's calls only."""
        return self.feature is not None


@dataclass(frozen=True, kw_only=True)
class Table:
    """All routes there are, or those of one owner.

    Attributes:
        edge: In the order in which the objects were made, and by name within a second, if each is one (HTTPRoutes).
        mesh: The same.
    """

    edge: tuple[EdgeRoute, ...] = ()
    mesh: tuple[MeshRoute, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Gateway:
    """The gateway that edge routes attach to.

    Attributes:
        namespace: Where it is.
        name: Of the Gateway, of the Gateway API or of Istio.
        listener: The listener for HTTPS at the environment's host; only the Gateway API names it.
        preview_listener: The one for the names under that host.
    """

    namespace: str
    name: str
    listener: str
    preview_listener: str


@dataclass(frozen=True, kw_only=True)
class EnvironmentRouting:
    """What routes need to know of an environment.

    Attributes:
        stack: Its stack, the owner of its routes.
        host: Where people reach it.
        entry: The Service behind that host.
        services: Every port of a Service whose calls carry headers, the entry included.
        taken: The names of all its workloads and Services.
        cookie: The name of the cookie that holds the session id; None without one.
        session_header: The name of the header that holds it; None without one.
        features: Whether it allows them.
    """

    stack: str
    host: str
    entry: Backend
    services: tuple[Backend, ...]
    taken: frozenset[str]
    cookie: str | None = None
    session_header: str | None = None
    features: bool


@dataclass(frozen=True, kw_only=True)
class FeatureRouting:
    """What routes need to know of a feature.

    Attributes:
        stack: The owner of its routes; where one stack writes all routes, that one.
        key: Its key.
        services: The services it changed.
        sessions: The ids of its testers' sessions.
        header: Whether requests may ask for it with the header `boutique-feature`.
    """

    stack: str
    key: str
    services: tuple[str, ...]
    sessions: tuple[str, ...] = ()
    header: bool = False
