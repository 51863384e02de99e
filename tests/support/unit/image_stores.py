"""Image caches for tests: what the tests of the cache share."""

from pathlib import Path

from tests.support.unit.image_builds import archive, folder

BASE = archive(folder("etc"), ("etc/os", b"base"), ("etc/old", b""))
APP = archive(("app", b"an app" * 1000), ("etc/.wh.old", b""))
OTHER_ARCHITECTURE = "s390x"


def parts(root: Path) -> list[str]:
    """Return what is unfinished in a cache."""
    return sorted(path.name for name in ("layers", "downloads") for path in (root / name).glob("*part*"))


def downloads(root: Path) -> dict[str, int]:
    """Return the sizes of the downloads in a cache by their names."""
    return {path.name: path.stat().st_size for path in (root / "downloads").glob("*")}
