"""What is known of a feature's stack from its state, wherever it was deployed from."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from boutique.names import labels
from ops.pulumi import engine
from ops.pulumi.engine import MissingStackError

_FEATURE = "feature"
"""The output that holds the section which the stack was deployed with; see `stacks.layers.feature`."""


@dataclass(frozen=True, kw_only=True)
class StackState:
    """The state of one stack.

    Attributes:
        name: Of the stack.
        outputs: Of its last update that got so far. Some are secret.
        keys: Of the features that its objects belong to; None among them for an object of no feature.
        resources: How many resources there are, what has no objects in a cluster included.
        settings: How its secrets are encrypted, as a stack's file says it.
    """

    name: str
    outputs: Mapping[str, Any]
    keys: frozenset[str | None]
    resources: int
    settings: Mapping[str, str]

    @property
    def section(self) -> Mapping[str, Any] | None:
        """The section `feature` that it was deployed with, if an update ever got so far."""
        found = self.outputs.get(_FEATURE)
        return found if isinstance(found, Mapping) else None

    def is_feature(self, key: str, environment: str) -> bool:
        """Say whether the stack holds this feature of this environment, or nothing yet, and nothing else."""
        of = self.outputs.get("of", environment)
        return str(of).rpartition("/")[2] == environment and self.keys <= {key}


def stack_state(project: Path, stack: str, timeout: float | None = None) -> StackState | None:
    """Read the state of a stack; None if there is no such stack.

    Args:
        project: The folder of the project.
        stack: Its name.
        timeout: After how many seconds to give up; None for never.

    Raises:
        EngineError: It cannot be read.
    """
    try:
        said = engine.run(project, stack, "stack", "export", "--show-secrets", timeout=timeout)
    except MissingStackError:
        return None
    return of_export(stack, json.loads(said))


def of_export(stack: str, exported: Mapping[str, Any]) -> StackState:
    """Return what is known from what `pulumi stack export` says."""
    deployment = exported.get("deployment") or {}
    pending = [each["resource"] for each in deployment.get("pending_operations") or ()]
    resources = [*(deployment.get("resources") or ()), *pending]
    outputs = next((each.get("outputs") for each in resources if each["type"] == "pulumi:pulumi:Stack"), None)
    return StackState(
        name=stack,
        outputs={key: _plain(value) for key, value in (outputs or {}).items()},
        keys=frozenset(_key(each) for each in resources if each["type"].startswith("kubernetes:")),
        resources=len(resources),
        settings=_encryption(deployment.get("secrets_providers") or {}),
    )


def _plain(value: Any) -> Any:  # noqa: ANN401 - any output
    """Return a value without the envelope in which an export shows a secret."""
    if isinstance(value, Mapping) and "plaintext" in value:
        return json.loads(value["plaintext"])
    return value


def _key(resource: Mapping[str, Any]) -> str | None:
    metadata = _plain((resource.get("inputs") or {}).get("metadata")) or {}
    found = (metadata.get("labels") or {}).get(labels.FEATURE)
    return str(found) if found else None


def _encryption(provider: Mapping[str, Any]) -> Mapping[str, str]:
    state = provider.get("state") or {}
    if provider.get("type") == "passphrase":
        return {"encryptionsalt": state["salt"]}
    if provider.get("type") == "cloud":
        return {"secretsprovider": state["url"], "encryptedkey": state["encryptedkey"]}
    return {}
