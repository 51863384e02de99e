"""The digests that releases must keep: those committed with the lab, and those recorded at the first fetch.

A publisher's own checksum says that a file arrived whole; a lock says that it is still the file of the first time.
"""

import json
import threading
from collections.abc import Mapping
from pathlib import Path

from lab.toolchain import tool_cache
from lab.toolchain.releases.release_errors import ReleaseError
from support.registry.grammar import is_digest

COMMITTED = Path(__file__).with_name("lock.json")
"""Pins for all users; a line of a user's own file may be copied here. It need not exist."""

_RECORDING = threading.Lock()


def recorded_path() -> Path:
    """Return the file in the cache that keeps the digests of the releases that this user has fetched."""
    return tool_cache.root() / "releases" / "lock.json"


def committed_digests() -> Mapping[str, str]:
    """Return the committed digests.

    Raises:
        ReleaseError: The file is damaged.
    """
    return _read(COMMITTED)


def check(name: str, key: str, digest: str) -> None:
    """Refuse a release with another digest than the locked one.

    Args:
        name: The release, for messages.
        key: Its key in the lock.
        digest: The digest that its publisher states now, or that of the fetched file.

    Raises:
        ReleaseError: The digest differs from the locked one.
    """
    for path in (COMMITTED, recorded_path()):
        pinned = _read(path).get(key)
        if pinned and pinned != digest:
            raise ReleaseError(
                f"{name} has changed: it is {digest}, and {path} has {pinned}; it is refused. If its publisher says "
                "why, remove that line"
            )


def record(key: str, digest: str) -> None:
    """Keep the digest of a release that was fetched and checked."""
    with _RECORDING:
        path = recorded_path()
        path.parent.mkdir(parents=True, exist_ok=True)
        part = tool_cache.make_part(path.parent)
        content = json.dumps({**_read(path), key: digest}, indent=2, sort_keys=True)
        (part / path.name).write_text(f"{content}\n")
        tool_cache.publish(part / path.name, path)
        part.rmdir()


def _read(path: Path) -> Mapping[str, str]:
    try:
        content = json.loads(path.read_text())
    except FileNotFoundError:
        return {}
    except ValueError:
        content = None
    if not isinstance(content, dict) or not all(map(is_digest, content.values())):
        raise ReleaseError(f"{path} is damaged: it must be a JSON object of digests; restore or remove it")
    return content
