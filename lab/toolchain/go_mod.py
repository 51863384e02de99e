"""Reads the go.mod files in which the versions of the lab's tools are pinned."""

import re
from pathlib import Path

from lab.errors import LabError


def required_version(module: Path, dependency: str) -> str:
    """Return the version of `dependency` that go.mod in the folder `module` requires."""
    return _search(module, rf"^(?:require)?\s+{re.escape(dependency)} (v\S+)", f"a requirement of {dependency}")


def go_version(module: Path) -> str:
    """Return the oldest Go that builds the module in this folder."""
    return _search(module, r"^go (\S+)", "a `go` line")


def _search(module: Path, pattern: str, description: str) -> str:
    try:
        text = (module / "go.mod").read_text()
    except FileNotFoundError:
        message = f"{module} has no go.mod: the lab works from a checkout; install it with `pip install -e .`."
        raise LabError(message) from None
    match = re.search(pattern, text, re.MULTILINE)
    if match is None:
        raise LabError(f"{module / 'go.mod'} lacks {description}; restore the file from git.")
    return match[1]
