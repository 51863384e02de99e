"""Cookies of a site: which a request carries, and which an answer sets or expires."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from uuid import uuid4

from lab.standins.behaviour import Cookie


def read_cookies(header: str) -> dict[str, str]:
    """Read a `Cookie` header; of two cookies with the same name the first counts."""
    cookies: dict[str, str] = {}
    for pair in header.split(";"):
        name, equals, value = pair.strip().partition("=")
        if name and equals:
            cookies.setdefault(name, value.strip('"'))
    return cookies


def set_cookie(cookie: Cookie, value: str) -> str:
    """The `Set-Cookie` header that sets a cookie, without a path or any other attribute."""
    return f"{cookie.name}={value}; Max-Age={cookie.max_age_seconds}"


def expire_cookie(name: str, value: str) -> str:
    """The `Set-Cookie` header that makes a browser forget a cookie."""
    past = format_datetime(datetime.now(UTC) - timedelta(days=365), usegmt=True)
    return f"{name}={value}; Expires={past}; Max-Age=0"


def visitor(
    cookies: tuple[Cookie, ...], carried: Mapping[str, str], environment: Mapping[str, str]
) -> tuple[dict[str, object], list[str]]:
    """Return the values of a visitor.

    Args:
        cookies: That the site uses.
        carried: The request's cookies: what they hold is taken as it is.
        environment: Of the site.

    Returns:
        The visitor's values, and the `Set-Cookie` headers for those that had to be made up.
    """
    values: dict[str, object] = {}
    sets = []
    for cookie in cookies:
        value = carried.get(cookie.name) or cookie.default
        if value is None:
            shared = cookie.shared_switch is not None and environment.get(cookie.shared_switch) == "true"
            value = (shared and cookie.shared_default) or str(uuid4())
            sets.append(set_cookie(cookie, value))
        values[cookie.value] = value
    return values, sets
