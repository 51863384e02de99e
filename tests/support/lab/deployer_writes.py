"""Writes to the namespace `local` on behalf of its deployers, of which nothing is kept."""

import json
from collections.abc import Callable
from typing import Any

from tests.support.lab.access_rights import deployer
from tests.support.lab.lab_commands import Lab

KEY = "some-branch"
LABELS = {"boutique.dev/feature": KEY, "boutique.dev/track": "feature"}

Object = dict[str, Any]
Write = Callable[..., str]


def dry_run_writer(lab: Lab) -> Write:
    """Return what asks the API server to let a deployer do something, and returns why it is refused."""

    def refusal(user: str, *arguments: str, **object_: Any) -> str:
        """Return why something is refused; empty if it is let through."""
        command = [*arguments, "-n", "local", "--dry-run=server", "--as", deployer(user)]
        given = json.dumps(object_) if object_ else None
        return lab.refusal(*command, *(["-f", "-"] if object_ else []), stdin=given)

    return refusal


def feature_object(
    kind: str, name: str, version: str = "v1", labels: dict[str, str] | None = None, **content: Any
) -> Object:
    """Return an object, of the feature `KEY` unless it has other labels."""
    metadata = {"name": name, "namespace": "local", "labels": LABELS if labels is None else labels}
    return {"apiVersion": version, "kind": kind, "metadata": metadata, **content}
