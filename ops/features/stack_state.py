"""The state of a feature's stack, read from its backend."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from boutique.names import labels
from boutique.outputs import FEATURE, OutputsError, read_own
from boutique.settings.feature_settings import Feature
from ops.errors import OperationError
from ops.pulumi import engine
from ops.pulumi.engine import MissingStackError


@dataclass(frozen=True, kw_only=True)
class StackState:
    """The state of one stack.

    Attributes:
        name: The name of the stack.
        outputs: The outputs of the last update that set them. Some are secret.
        keys: The keys of the features that its objects belong to; with None for an object of no feature.
        resources: The number of its resources, also of those outside of a cluster.
        settings: The encryption of its secrets, as in a stack's file.
    """

    name: str
    outputs: Mapping[str, Any]
    keys: frozenset[str | None]
    resources: int
    settings: Mapping[str, str]

    @property
    def feature(self) -> Feature | None:
        """The section `feature` that it was deployed with; None if no update has set its outputs.

        Raises:
            OperationError: It has another shape.
        """
        if FEATURE not in self.outputs:
            return None
        try:
            # Of any version: the next update of the stack is the remedy.
            return read_own(Feature, self.name, self.outputs, FEATURE)
        except OutputsError as error:
            raise OperationError(str(error)) from None

    @property
    def section(self) -> dict[str, Any] | None:
        """The same as in a stack's file."""
        return self.feature.model_dump(by_alias=True, exclude_unset=True, mode="json") if self.feature else None

    def is_feature(self, key: str, environment: str) -> bool:
        """Return whether the stack holds only this feature of this environment, or nothing yet."""
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
        output = engine.run(project, stack, "stack", "export", "--show-secrets", timeout=timeout)
    except MissingStackError:
        return None
    return parse_export(stack, json.loads(output))


def parse_export(stack: str, exported: Mapping[str, Any]) -> StackState:
    """Parse the output of `pulumi stack export`."""
    deployment = exported.get("deployment") or {}
    pending = [operation["resource"] for operation in deployment.get("pending_operations") or ()]
    resources = [*(deployment.get("resources") or ()), *pending]
    outputs = next(
        (resource.get("outputs") for resource in resources if resource["type"] == "pulumi:pulumi:Stack"), None
    )
    return StackState(
        name=stack,
        outputs={key: _plain(value) for key, value in (outputs or {}).items()},
        keys=frozenset(_key(resource) for resource in resources if resource["type"].startswith("kubernetes:")),
        resources=len(resources),
        settings=_encryption(deployment.get("secrets_providers") or {}),
    )


def _plain(value: Any) -> Any:  # noqa: ANN401 - any output
    """Return a value without the envelope that an export puts around a secret."""
    if isinstance(value, Mapping) and "plaintext" in value:
        return json.loads(value["plaintext"])
    return value


def _key(resource: Mapping[str, Any]) -> str | None:
    metadata = _plain((resource.get("inputs") or {}).get("metadata")) or {}
    key = (metadata.get("labels") or {}).get(labels.FEATURE)
    return str(key) if key else None


def _encryption(provider: Mapping[str, Any]) -> Mapping[str, str]:
    state = provider.get("state") or {}
    if provider.get("type") == "passphrase":
        return {"encryptionsalt": state["salt"]}
    if provider.get("type") == "cloud":
        return {"secretsprovider": state["url"], "encryptedkey": state["encryptedkey"]}
    return {}
