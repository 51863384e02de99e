"""Reads the files that a branch changes, with git and from the folder of the project."""

import re
import subprocess
from pathlib import Path
from typing import Any

import yaml

from ops.errors import OperationError


def list_changes(project: Path, base: str) -> tuple[str, ...]:
    """Return the files that this branch has changed since it left another, relative to the folder of the project.

    Raises:
        OperationError: There is no git, no repository, or no such commit.
    """
    # git must not take a commit that begins with a hyphen for an option.
    _git(project, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{base}^{{commit}}", base=base)
    printed = _git(project, "diff", "--name-only", "--no-renames", "-z", "--relative", f"{base}...HEAD", base=base)
    return tuple(path for path in printed.split("\0") if path)


def stack_files(project: Path) -> dict[str, Any]:
    """Return the contents of a project's stack files, by stack.

    Raises:
        OperationError: A stack file is not YAML.
    """
    contents = {}
    for path in sorted(project.iterdir()):
        if name := re.fullmatch(r"Pulumi\.(.+)\.ya?ml", path.name):
            contents[name[1]] = load_yaml(path.read_text(), path.name)
    return contents


def base_text(project: Path, base: str, name: str) -> str | None:
    """Return the text of a file at the commit where this branch left another; None if the commit lacks the file.

    Raises:
        OperationError: There is no such commit.
    """
    ancestor = _git(project, "merge-base", "--end-of-options", base, "HEAD", base=base).strip()
    listed = _git(project, "ls-tree", "--name-only", ancestor, f"./{name}", base=base)
    if not listed.strip():
        return None
    return _git(project, "show", f"{ancestor}:./{name}", base=base)


def load_yaml(text: str, name: str) -> Any:  # noqa: ANN401 - any YAML
    """Return the content of a YAML file.

    Raises:
        OperationError: The text is not YAML.
    """
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise OperationError(f"{name}: is not YAML: {' '.join(str(error).split())}") from None


def _git(project: Path, *arguments: str, base: str) -> str:
    try:
        result = subprocess.run(["git", *arguments], cwd=project, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise OperationError("the program 'git' is missing; install it") from None
    if result.returncode:
        errors = result.stderr.strip().splitlines()
        raise OperationError(
            f"--base {base}: git cannot compare with it{f' ({errors[-1]})' if errors else ''}; name a branch or a "
            "commit that is here, and in CI fetch the whole history (actions/checkout with fetch-depth: 0)"
        )
    return result.stdout
