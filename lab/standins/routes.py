"""Finds the route of a site for a request."""

import re
from collections.abc import Sequence
from http import HTTPStatus
from urllib.parse import unquote

from lab.standins.behaviour import StandinRoute


class RouteError(Exception):
    """A request that the site does not serve.

    Attributes:
        status: Of the answer.
    """

    def __init__(self, status: HTTPStatus, message: str) -> None:
        super().__init__(message)
        self.status = status


class Router:
    """The routes of a site; the first one that matches counts."""

    def __init__(self, routes: Sequence[StandinRoute]) -> None:
        self._routes = [(_pattern(route.path), route) for route in routes]

    def find(self, verb: str, path: str, *, probe: bool = False) -> tuple[StandinRoute, dict[str, str]]:
        """Find the route and the values in its path.

        Args:
            verb: The HTTP method.
            path: Of the request.
            probe: Whether a probe asks.

        Raises:
            RouteError: No route has the path (404), or none of those serves the verb (405).
        """
        status = HTTPStatus.NOT_FOUND
        for pattern, route in self._routes:
            if (probe or not route.probes_only) and (match := pattern.fullmatch(path)):
                if verb in route.verbs:
                    return route, {name: unquote(value) for name, value in match.groupdict().items()}
                status = HTTPStatus.METHOD_NOT_ALLOWED
        raise RouteError(status, f"there is no {verb} {path}")


def check_form(route: StandinRoute, form: dict[str, str]) -> dict[str, str]:
    """The fields of a form that a route wants.

    Raises:
        RouteError: One is missing or invalid.
    """
    for name, pattern in route.form.items():
        if not re.fullmatch(pattern, form.get(name, "")):
            raise RouteError(HTTPStatus.UNPROCESSABLE_ENTITY, f"the field {name} is invalid")
    return {name: form[name] for name in route.form}


def _pattern(path: str) -> re.Pattern[str]:
    parts = re.split(r"\{(\w+(?:\.\.\.)?|\.\.\.)\}", path)
    texts = [re.escape(text) for text in parts[::2]]
    names = [_group(name) for name in parts[1::2]]
    return re.compile("".join(text + name for text, name in zip(texts, [*names, ""], strict=True)))


def _group(name: str) -> str:
    if name == "...":
        return ".*"
    return f"(?P<{name[:-3]}>.*)" if name.endswith("...") else f"(?P<{name}>[^/]+)"
