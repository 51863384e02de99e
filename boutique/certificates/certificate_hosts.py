"""Which hosts a certificate is valid for: https://www.rfc-editor.org/rfc/rfc9525#section-6.3."""

import ipaddress
from collections.abc import Iterable, Sequence


def uncovered_hosts(hosts: Iterable[str], names: Sequence[str]) -> list[str]:
    """Return the hosts that no name covers; a `*` in a name stands for exactly one label, the leftmost, as a whole.

    Args:
        hosts: Names, addresses, or `*.<name>` for all hosts one label below a name.
        names: What a certificate is made out to.
    """
    return [host for host in hosts if not any(_covers(name.lower(), host.lower()) for name in names)]


def _covers(name: str, host: str) -> bool:
    if is_address(name) or is_address(host):
        return is_address(name) and is_address(host) and ipaddress.ip_address(name) == ipaddress.ip_address(host)
    wildcard, _, parent = name.partition(".")
    if wildcard != "*":
        return name == host
    label, _, rest = host.partition(".")
    # Browsers take no `*` in front of a single label: it would cover every domain of a registry.
    return bool(label) and rest == parent and "." in parent


def is_address(text: str) -> bool:
    """Say whether a host is an IP address instead of a name."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
