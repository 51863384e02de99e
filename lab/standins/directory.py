"""Resolves names from a file: there is no DNS where stand-ins run."""

import ipaddress
import json
from dataclasses import dataclass
from pathlib import Path

from lab.standins.answers import CallError


@dataclass(frozen=True)
class Endpoint:
    """A place to connect to, and the name under which it was dialled."""

    address: str
    port: int
    authority: str


class Directory:
    """Names and addresses from a JSON object in a file, read again whenever the file was replaced."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._version: tuple[int, int] | None = None
        self._addresses: dict[str, str] = {}

    def find(self, authority: str) -> Endpoint:
        """Find where `name:port` leads.

        Raises:
            CallError: The name leads nowhere.
        """
        name, _, port = authority.rpartition(":")
        if not name or not port.isdecimal():
            raise CallError("UNAVAILABLE", f"{authority} is not name:port")
        self._refresh()
        address = self._addresses.get(name) or (name if _is_address(name) else None)
        if address is None:
            raise CallError("UNAVAILABLE", f"no Service is called {name}")
        return Endpoint(address=address, port=int(port), authority=authority)

    def _refresh(self) -> None:
        try:
            status = self._path.stat()
            # Two writes can fall within one tick of the clock, but never into the same inode when each is a rename.
            version = (status.st_mtime_ns, status.st_ino)
            if version != self._version:
                self._addresses = dict(json.loads(self._path.read_text()))
                self._version = version
        except (OSError, ValueError):
            # The previous addresses stay in use.
            return


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
