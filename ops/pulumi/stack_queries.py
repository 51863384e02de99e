"""Reads the outputs and the secrets of a stack with `pulumi`."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from boutique.checks.load import SERVICE_SECRETS
from boutique.settings.stack import NAMESPACE
from ops.pulumi import engine


def outputs(project: Path, stack: str, timeout: float | None = None) -> Mapping[str, Any]:
    """Return the outputs of a stack, without secrets.

    Args:
        project: The folder of the project.
        stack: The name of the stack.
        timeout: Seconds before the command is killed; None for no limit.

    Raises:
        EngineError: The stack does not exist, or cannot be read.
    """
    printed = engine.run(project, stack, "stack", "output", "--json", timeout=timeout)
    stack_outputs: Mapping[str, Any] = json.loads(printed or "{}")
    return stack_outputs


def service_secrets(project: Path, stack: str) -> Mapping[str, str]:
    """Return the contents of the services' secrets in a stack's file.

    Raises:
        EngineError: The secrets cannot be decrypted.
    """
    # Through a pipe, as all secrets.
    config = json.loads(engine.run(project, stack, "config", "--json", "--show-secrets"))
    secrets: Mapping[str, Any] = config.get(f"{NAMESPACE}:{SERVICE_SECRETS}", {})
    content = secrets.get("objectValue") or json.loads(secrets.get("value") or "{}")
    return {str(name): str(value) for name, value in content.items()}
