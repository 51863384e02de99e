"""Names: of features, of their objects and of their hosts.

A feature's *key* is in the name of every object it owns, in its preview host and in the `baggage` of its requests.
Its workloads are named `<service>-<key>`, and a Service's name is a DNS label that starts with a letter:
https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#rfc-1035-label-names
"""

import hashlib
import re
from collections.abc import Collection, Iterable

MAX_LABEL = 63
MAX_HOST = 253
MAX_SESSION = 128
"""Regular expressions hold a session id twice, every character escaped, and Istio takes up to 1024 characters."""

_HASH = 6
_SESSION_HASH = 16
_LABEL = re.compile("[a-z0-9]([-a-z0-9]*[a-z0-9])?")
# What cookie-octet of RFC 6265, section 4.1.1, leaves out: controls, blanks, '"', ',', ';', '\' and all but ASCII.
_NOT_IN_A_COOKIE = re.compile(r"[^!#-+\--:<-\[\]-~]")


class NamingError(ValueError):
    """Something cannot be named, or what it was given is no name."""


def feature_key(branch: str, services: Iterable[str]) -> str:
    """Return the key of a branch: `[a-z0-9-]`, starting with a letter, short enough for every service.

    If anything had to be changed or cut, the start of a hash of the branch is appended, so that `my_feature` and
    `my-feature` stay apart. A key is its own key.

    Args:
        branch: Any text that is not empty.
        services: The names of all services that a feature may change, whichever this one does.

    Raises:
        NamingError: The branch is empty, or the name of a service leaves no room for a key.
    """
    longest = max(services, key=len)
    room = MAX_LABEL - len(f"{longest}-")
    if room <= _HASH + 1:
        raise NamingError(f"the name {longest!r} is too long for a service with features: {len(longest)} characters")
    if not branch:
        raise NamingError("the branch is empty")
    plain = re.sub("[^a-z0-9]+", "-", branch.lower()).strip("-")
    stem = plain if re.match("[a-z]", plain) else f"b-{plain}".rstrip("-")
    if stem == branch and len(stem) <= room:
        return stem
    return f"{stem[: room - _HASH - 1].rstrip('-')}-{_digest(branch)[:_HASH]}"


def check_key(key: str, services: Iterable[str]) -> str:
    """Return a key that was written by hand.

    Raises:
        NamingError: It is none, with the key that it would become as a branch.
    """
    expected = feature_key(key, services)
    if key != expected:
        raise NamingError(
            f"{key!r} is no key: lower-case letters, digits and single '-', starting with a letter, not ending in '-', "
            f"and short enough for every service; as a branch its key would be {expected!r}"
        )
    return key


def object_name(service: str, key: str, taken: Collection[str] = ()) -> str:
    """Return the name of a feature's Deployment, Service and mesh route for one service.

    Args:
        service: The service that the feature changes.
        key: The feature's key.
        taken: Names of what is no feature's: all workloads and Services of the environment.

    Raises:
        NamingError: It is too long, or taken.
    """
    name = f"{service}-{key}"
    if len(name) > MAX_LABEL:
        raise NamingError(f"{name!r} has {len(name)} characters, a name has at most {MAX_LABEL}; shorten {key!r}")
    if name in taken:
        raise NamingError(f"{name!r} is the environment's own; another key than {key!r} is needed to change {service}")
    return name


def session_name(session: str) -> str:
    """Return the name of a tester session's route.

    It is the same for every feature: the API server refuses a session that another feature has claimed.

    Raises:
        NamingError: The id cannot be a cookie's value.
    """
    return f"session-{_digest(check_session(session))[:_SESSION_HASH]}"


def check_session(session: str) -> str:
    """Return a session id.

    Raises:
        NamingError: It cannot be a cookie's value as RFC 6265 has it, or is too long. The id is not shown: anyone with
            it has the session.
    """
    if wrong := sorted(set(_NOT_IN_A_COOKIE.findall(session))):
        raise NamingError(
            f"a session id cannot hold {', '.join(map(repr, wrong))}; copy the cookie's value as the browser sends it"
        )
    if not 0 < len(session) <= MAX_SESSION:
        raise NamingError(f"a session id has 1 to {MAX_SESSION} characters, this one has {len(session)}")
    return session


def preview_name(key: str) -> str:
    """Return the name of the route of a feature's preview host."""
    return f"preview-{key}"


def header_name(key: str) -> str:
    """Return the name of the route of requests that ask for a feature by header."""
    return f"header-{key}"


def preview_host(key: str, host: str) -> str:
    """Return the host on which everybody gets a feature.

    Raises:
        NamingError: With the environment's host it is no DNS name, or too long.
    """
    name = f"{key}.{host}"
    if wrong := [label for label in name.split(".") if not _LABEL.fullmatch(label) or len(label) > MAX_LABEL]:
        raise NamingError(
            f"the preview host {name!r} is no DNS name: {wrong[0]!r} must be 1 to {MAX_LABEL} lower-case letters, "
            "digits and '-', and not begin or end with '-'"
        )
    if len(name) > MAX_HOST:
        raise NamingError(f"the preview host {name!r} has {len(name)} characters, a host has at most {MAX_HOST}")
    return name


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()
