"""The lab's own user, network and process namespaces: making them, and going in.

No root is needed where the kernel lets ordinary users make user namespaces: user_namespaces(7).
"""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from lab.errors import LabError
from lab.folder import Folder
from support import paths

_SETTINGS = (
    # Debian's own, ahead of the kernel's: 0 forbids.
    ("kernel.unprivileged_userns_clone", "0", "1"),
    ("user.max_user_namespaces", "0", "15000"),
    # Ubuntu since 23.10: 1 lets only programs with a profile in.
    ("kernel.apparmor_restrict_unprivileged_userns", "1", "0"),
)

_VARIABLES = {
    *("PATH", "HOME", "LANG", "LC_ALL", "TZ"),
    # Those that a registry client reads: only pulls see them, no component does.
    *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "all_proxy", "no_proxy"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "DOCKER_CONFIG", "REGISTRY_AUTH_FILE", "XDG_RUNTIME_DIR", "XDG_CACHE_HOME"),
}
"""The variables of the user that the supervisor gets."""


def check(system: Path = Path("/proc/sys")) -> None:
    """Check that this machine allows namespaces.

    Args:
        system: Where the kernel's settings are.

    Raises:
        LabError: It does not; the error names the setting that forbids it and how to change it.
    """
    try:
        attempt = subprocess.run(
            [
                *("unshare", "--user", "--map-root-user", "--mount", "--net"),
                *("--pid", "--fork", "--kill-child", "true"),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError as error:
        message = "the program 'unshare' is missing: install the package util-linux"
        raise LabError(message) from error
    if attempt.returncode == 0:
        return
    reason = attempt.stderr.strip() or f"unshare ended with {attempt.returncode}"
    for name, forbids, allows in _SETTINGS:
        path = system / name.replace(".", "/")
        if path.is_file() and path.read_text().strip() == forbids:
            message = (
                f"this machine lets ordinary users make no user namespaces ({reason}): {name} is {forbids}. "
                f"Allow it with: sudo sysctl -w {name}={allows}"
            )
            raise LabError(message)
    message = (
        f"this machine makes no user namespaces ({reason}), and no kernel setting says why. "
        "Inside a container, its runtime forbids it: start the container with a seccomp profile that allows unshare"
    )
    raise LabError(message)


def launch(folder: Folder, tools: Path, lock: int, listeners: Mapping[str, int]) -> None:
    """Start the supervisor in namespaces of its own, detached from this process.

    Args:
        folder: The lab's folder.
        tools: The folder of the programs.
        lock: The descriptor that holds the lab's lock; the supervisor inherits it.
        listeners: The descriptors of the host's listening sockets by what they publish; the supervisor inherits them.
    """
    publications = [f"--publish={descriptor}={name}" for name, descriptor in listeners.items()]
    # -P: a folder named `lab` where the user happens to stand must not be mistaken for this package.
    supervisor = [
        sys.executable,
        "-P",
        "-m",
        "lab.supervision.supervisor_process",
        f"--folder={folder.root}",
        f"--tools={tools}",
    ]
    supervisor.append(f"--images={paths.images()}")
    # Its network comes later: what pulls images needs this one, see lab.supervision.supervisor_process.
    namespaces = ["unshare", "--user", "--map-root-user", "--mount", "--pid", "--fork", "--kill-child"]
    inherited = [lock, *listeners.values()]
    for descriptor in inherited:
        os.set_inheritable(descriptor, True)
    output = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    os.posix_spawnp(
        namespaces[0],
        [*namespaces, *supervisor, f"--lock={lock}", *publications],
        {name: value for name, value in os.environ.items() if name in _VARIABLES},
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, str(folder.logs / "supervisor.log"), output, 0o600),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
        setsid=True,
    )
    for descriptor in inherited:
        os.set_inheritable(descriptor, False)


def command_inside(pid: int, command: Sequence[str]) -> list[str]:
    """Return the command that runs another one inside the network of a lab.

    Args:
        pid: The process number of the lab's supervisor.
        command: The program and its arguments.
    """
    # The creator of a user namespace is its root already; becoming its user 0 would need a map of groups that it lacks.
    return ["nsenter", "--target", str(pid), "--user", "--net", "--preserve-credentials", "--", *command]
