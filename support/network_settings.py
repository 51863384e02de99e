"""Reads the network settings of the environment: proxies as kubectl takes them, and the trusted authorities.

Proxies are those of Go's standard library, which kubectl, Pulumi and Helm use
(https://pkg.go.dev/golang.org/x/net/http/httpproxy#Config): HTTPS_PROXY or HTTP_PROXY by the scheme of the URL, unless
NO_PROXY names its host; ALL_PROXY is not read. In capitals first, then in small letters.
"""

import ipaddress
import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from support.errors import UserError

_PORTS = {"http": 80, "https": 443}
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class NetworkSettingError(UserError, ValueError):
    """A variable of the environment, or a key, cannot be followed; the text names it."""


def proxy_for(url: str, environment: Mapping[str, str] = os.environ) -> str | None:
    """Return the URL of the proxy for a URL; None for no proxy.

    Raises:
        NetworkSettingError: The proxy is of another kind than HTTP.
    """
    parts = urlsplit(url)
    host = (parts.hostname or "").rstrip(".")
    try:
        port = parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError:
        # The client refuses an invalid port.
        port = 0
    name, value = _variable(f"{parts.scheme.upper()}_PROXY", environment)
    if not value or _is_local(host) or _is_excluded(host, port, _variable("NO_PROXY", environment)[1]):
        return None
    return check_proxy(value, name)


def check_proxy(value: str, name: str) -> str:
    """Return the URL of a proxy.

    Args:
        value: As it was given; without a scheme it is one of HTTP.
        name: Of the variable or the key that says so.

    Raises:
        NetworkSettingError: It is of another kind than HTTP, or has no host.
    """
    parts = urlsplit(value if "://" in value else f"http://{value}")
    if parts.scheme not in _PORTS:
        raise NetworkSettingError(
            f"{name}: a proxy of the kind {parts.scheme}:// is not supported ({_place(parts)}); give one such as "
            "http://proxy.example:3128, or name the host in NO_PROXY"
        )
    if not parts.hostname:
        raise NetworkSettingError(f"{name}: names no host; give a proxy such as http://proxy.example:3128")
    return parts.geturl()


def check_authorities(environment: Mapping[str, str] = os.environ) -> None:
    """Refuse variables that name authorities which are not there.

    Raises:
        NetworkSettingError: The file or the folder is missing.
    """
    for name, exists in (("SSL_CERT_FILE", Path.is_file), ("SSL_CERT_DIR", Path.is_dir)):
        for path in filter(None, environment.get(name, "").split(os.pathsep if name.endswith("DIR") else "\0")):
            if not exists(Path(path)):
                raise NetworkSettingError(f"{name}: {path}: does not exist; correct the variable, or unset it")


def _variable(name: str, environment: Mapping[str, str]) -> tuple[str, str]:
    return next(
        ((spelling, value) for spelling in (name, name.lower()) if (value := environment.get(spelling))), (name, "")
    )


def _place(parts: SplitResult) -> str:
    # Before an '@' there may be a password.
    return parts.netloc.rpartition("@")[2]


def _is_local(host: str) -> bool:
    address = _address(host)
    return address.is_loopback if address else host == "localhost" or host.endswith(".localhost")


def _is_excluded(host: str, port: int, excluded: str) -> bool:
    return any(
        _matches(pattern.strip().lower(), host.lower(), port) for pattern in excluded.split(",") if pattern.strip()
    )


def _matches(pattern: str, host: str, port: int) -> bool:
    if pattern == "*":
        return True
    address = _address(host)
    if "/" in pattern:
        try:
            return address is not None and address in ipaddress.ip_network(pattern, strict=False)
        except ValueError:
            return False
    name, only_port = _split_port(pattern)
    if only_port not in ("", str(port)):
        return False
    if excluded := _address(name):
        return address == excluded
    if name.startswith("*."):
        name = name[1:]
    return not address and (host.endswith(name) if name.startswith(".") else host == name or host.endswith(f".{name}"))


def _split_port(pattern: str) -> tuple[str, str]:
    if pattern.startswith("["):
        name, _, port = pattern.removeprefix("[").partition("]")
        return name, port.removeprefix(":")
    name, _, port = pattern.partition(":")
    return (pattern, "") if ":" in port else (name, port)


def _address(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None
