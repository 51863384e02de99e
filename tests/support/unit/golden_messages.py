"""The full texts of messages, one file per command: `make golden` writes them, and a test compares.

Tests assert the key and the code of an error. Its words are here alone, so that they are read and changed in one place.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from boutique.settings.errors import ErrorLine, SettingsError
from tests.support.online_boutique import load
from tests.support.unit.invalid_settings import (
    invalid_certificates,
    invalid_clusters,
    invalid_environments,
    invalid_features,
    invalid_hosts,
    invalid_platforms,
    invalid_releases,
)

PULUMI_UP = Path(__file__).parents[2] / "golden/pulumi-up.txt"
CASES = [
    case
    for table in (
        invalid_clusters,
        invalid_platforms,
        invalid_hosts,
        invalid_certificates,
        invalid_environments,
        invalid_releases,
        invalid_features,
    )
    for case in table.CASES
]
"""All tables of configurations with errors."""


def errors(values: dict[str, Any]) -> tuple[ErrorLine, ...]:
    """Return the errors in the values of a stack's keys."""
    try:
        load(values)
    except SettingsError as error:
        return error.errors
    return ()


def pulumi_up() -> str:
    """Return what `pulumi up` prints for each configuration with errors, after the configuration."""
    return "\n".join(_blocks()) + "\n"


def _blocks() -> Iterator[str]:
    for values, _ in CASES:
        lines = "\n".join(f"  {error.code}: {error}" for error in errors(values))
        yield f"{json.dumps(values, ensure_ascii=False)}\n{lines}\n"


if __name__ == "__main__":
    PULUMI_UP.parent.mkdir(exist_ok=True)
    PULUMI_UP.write_text(pulumi_up())
