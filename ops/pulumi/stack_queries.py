"""What Pulumi tells of a stack, besides its history."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from boutique.checks.load import SERVICE_SECRETS
from ops.pulumi import engine


def outputs(project: Path, stack: str, timeout: float | None = None) -> Mapping[str, Any]:
    """Return the outputs of a stack, without secrets.

    Args:
        project: The folder of the project.
        stack: Its name.
        timeout: After how many seconds to give up; None for never.

    Raises:
        EngineError: There is no such stack, or it cannot be read.
    """
    said = engine.run(project, stack, "stack", "output", "--json", timeout=timeout)
    found: Mapping[str, Any] = json.loads(said or "{}")
    return found


def service_secrets(project: Path, stack: str) -> Mapping[str, str]:
    """Return what is in the secrets of a stack's services, as its file has them now.

    Raises:
        EngineError: They cannot be decrypted.
    """
    # By a pipe, as all secrets.
    said = json.loads(engine.run(project, stack, "config", "--json", "--show-secrets"))
    found: Mapping[str, Any] = next((each for key, each in said.items() if key.endswith(f":{SERVICE_SECRETS}")), {})
    content = found.get("objectValue") or json.loads(found.get("value") or "{}")
    return {str(name): str(value) for name, value in content.items()}
