"""The folders of the lab's tools and data, after the XDG base directory specification 0.8."""

import os
from pathlib import Path


def cache() -> Path:
    """Return the folder of everything that can be built or fetched again: the tools, the images."""
    return _base("XDG_CACHE_HOME", ".cache") / "boutique"


def images() -> Path:
    """Return the folder of the container images, which all labs share."""
    return cache() / "images"


def state() -> Path:
    """Return the folder of what has to outlive a command and cannot be built again."""
    return _base("XDG_STATE_HOME", ".local/state") / "boutique"


def labs() -> Path:
    """Return the folder that holds one folder per lab: its cluster's data, its logs, its Pulumi state."""
    return state() / "labs"


def authority() -> Path:
    """Return the folder of the authority that signs development certificates; clients have to trust it only once."""
    return state() / "authority"


def _base(variable: str, default: str) -> Path:
    value = os.environ.get(variable, "")
    # The specification has relative paths ignored.
    return Path(value) if value.startswith("/") else Path.home() / default
