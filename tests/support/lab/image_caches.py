"""Caches of images of the tests' own, beside the tools of the user."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from support import paths


@contextmanager
def own_cache(folder: Path) -> Iterator[Path]:
    """Have everything below use a folder as the user's cache, with the tools that are there."""
    tools = paths.cache() / "tools"
    compiled = subprocess.run(["go", "env", "GOCACHE"], capture_output=True, text=True, check=True).stdout.strip()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder))
        # It would be below the other folder, and empty.
        patch.setenv("GOCACHE", compiled)
        paths.cache().mkdir()
        (paths.cache() / "tools").symlink_to(tools)
        yield folder
    shutil.rmtree(folder, ignore_errors=True)
