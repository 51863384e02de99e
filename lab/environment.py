"""The environment in which every tool finds the lab and nothing else: for a shell, for `lab exec`, for the tests."""

import os
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path

from lab.folder import Folder, settings

PASSPHRASE = "boutique-lab"  # noqa: S105 - see variables(): it keeps no secret
UNWANTED = ("PULUMI_CONFIG_PASSPHRASE_FILE", "PULUMI_ACCESS_TOKEN", "PULUMI_STACK", "PULUMI_CLOUD_URL")
"""Variables that would make Pulumi use another passphrase, another backend or another stack than the lab's."""

_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")


def variables(folder: Folder, path: str) -> dict[str, str]:
    """Return the environment variables that lead every tool to the lab.

    The passphrase is a constant because the committed stack file holds the salt that belongs to it. It protects
    nothing but the lab, whose administrator's kubeconfig lies beside it in clear.

    Args:
        folder: The lab's folder.
        path: The value of PATH to begin with.
    """
    ports = settings(folder).ports
    return {
        "PATH": _path(path, settings(folder).tools),
        "KUBECONFIG": str(folder.kubeconfig),
        "BOUTIQUE_LAB_FILES": str(folder.files),
        **({"BOUTIQUE_LAB_APPLICATION": folder.application.read_text()} if folder.application.exists() else {}),
        **{f"BOUTIQUE_LAB_{name.upper()}_PORT": str(ports[name]) for name in ("https", "http") if name in ports},
        # Files of metadata are the only ones that are not written atomically (setAttrs of gocloud.dev/blob/fileblob):
        # a process that is killed meanwhile leaves an unreadable state, "failed to load checkpoint: EOF".
        "PULUMI_BACKEND_URL": f"{folder.pulumi_state.as_uri()}?metadata=skip",
        "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
        "PULUMI_HOME": str(folder.pulumi_home),
        # Everything that a stack on a lab needs is here; the packages for AWS would have Pulumi look for their plugins.
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        # Not resolved: behind the links lies an interpreter that knows nothing of the virtual environment.
        "BOUTIQUE_LAB_PYTHON": sys.executable,
        # A lab that an earlier version started has no such file until it is started again.
        "PULUMI_PYTHON_CMD": str(folder.python) if folder.python.exists() else sys.executable,
        "PULUMI_SKIP_UPDATE_CHECK": "true",
    }


def variables_inside(folder: Folder, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the whole environment of a command inside the lab's network, where the API server has another address."""
    # The lab's network has no way out, so no way to a proxy either.
    inherited = {name: value for name, value in environment.items() if name not in (*UNWANTED, *_PROXIES)}
    lab_variables = variables(folder, environment.get("PATH", os.defpath))
    return {**inherited, **lab_variables, "KUBECONFIG": str(folder.kubeconfig_inside("admin"))}


def script(folder: Folder, path: str) -> str:
    """Return these variables as a script for a POSIX shell to evaluate."""
    lines = [f"unset {' '.join(UNWANTED)}"]
    lines += [f"export {name}={shlex.quote(value)}" for name, value in variables(folder, path).items()]
    return "\n".join(lines)


def _path(path: str, tools: str) -> str:
    """Put the tools first, so that their versions win, and make sure that PATH leads to this very `boutique`."""
    entries = [entry for entry in path.split(os.pathsep) if entry and entry != tools]
    scripts = str(Path(sys.executable).parent)
    if scripts not in entries:
        entries.insert(0, scripts)
    if tools:
        entries.insert(0, tools)
    return os.pathsep.join(entries)
