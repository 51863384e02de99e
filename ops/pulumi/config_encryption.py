"""Encrypts secrets for a stack's file, as `pulumi config set --secret` does."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from boutique.checks.load import SERVICE_SECRETS
from boutique.settings.stack import NAMESPACE
from ops.pulumi import engine
from ops.pulumi.workspace import workspace
from ops.releases.stack_file import StackFile


def encrypt_secrets(project: Path, stack: str, file: StackFile, contents: Mapping[str, str]) -> Mapping[str, Any]:
    """Return secrets by name, encrypted as in a stack's file.

    Args:
        project: The folder of the project.
        stack: The stack whose key encrypts them.
        file: Its file, which has the secrets provider.
        contents: Their contents, by name.

    Raises:
        EngineError: They cannot be encrypted.
    """
    with workspace(project, stack) as stack_workspace:
        copy = stack_workspace.folder / file.path.name
        copy.touch(mode=0o600)
        copy.write_bytes(file.text.encode())
        for name, content in contents.items():
            # By stdin: every user of the machine can read a command line.
            engine.run(
                project,
                stack,
                *("config", "set", "--secret", "--raw", "--path", f'{NAMESPACE}:{SERVICE_SECRETS}["{name}"]'),
                *("--config-file", str(copy)),
                given=content,
            )
        secrets = StackFile(path=copy, text=copy.read_bytes().decode()).config[SERVICE_SECRETS]
        return {name: secrets[name] for name in contents}
