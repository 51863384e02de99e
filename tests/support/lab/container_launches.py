"""Starts containers by the launcher alone, in namespaces as a lab has them."""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

_HARNESS = """
import json, os, signal, subprocess, sys
from lab.containers.container_process import spawn_program
from lab.containers.launch_plan import ExecPlan, LaunchPlan, MountPlan

def read(report):
    with os.fdopen(report) as pipe:
        return pipe.read().partition("\\n")

fields, command = json.loads(sys.argv[1]), json.loads(sys.argv[2])
fields["mounts"] = tuple(MountPlan(*mount) for mount in fields["mounts"])
# What a container must not inherit.
os.set_inheritable(os.open("/", os.O_RDONLY), True)
launcher, report = spawn_program("launcher", LaunchPlan(**fields).encode(), subprocess.DEVNULL, 1, 2)
number, _, message = read(report)
launcher.wait()
if command:
    plan = ExecPlan(int(number), tuple(command), fields["variables"], sys.argv[3], False, fields.get("cgroup", ""))
    joiner, report = spawn_program("joiner", plan.encode(), subprocess.DEVNULL, 1, 2)
    message += read(report)[0]
    code = joiner.wait()
    os.kill(int(number), signal.SIGKILL)
status = os.waitpid(int(number), 0)[1]
code = code if command else os.waitstatus_to_exitcode(status)
sys.stderr.write(message)
sys.exit(code if code >= 0 else 128 - code)
"""


def launch(
    folder: Path,
    layers: Sequence[Path],
    *command: str,
    executed: bool = False,
    executed_in: str = "/",
    **fields: Any,
) -> subprocess.CompletedProcess[str]:
    """Run a command in a container of its own and return how it ended, with 128 and the number for a signal.

    Args:
        folder: Where the container's own folder is made.
        layers: The folders of the image, lowest first; `sleep` has to be in it for `executed`.
        command: The program and its arguments.
        executed: Whether the container runs `sleep`, and the command is started in it as `kubectl exec` does.
        executed_in: The working folder of such a command.
        fields: Other fields of the launch plan.
    """
    own = folder / "container"
    own.mkdir(exist_ok=True)
    plan = {
        "folder": str(own),
        "layers": [str(path) for path in layers],
        "copied": False,
        "read_only": False,
        "user": 7,
        "group": 8,
        "host_name": "test",
        "working_folder": "/",
        "arguments": ["sleep"] if executed else command,
        "variables": {"PATH": "/bin"},
        "mounts": (),
        **fields,
    }
    namespaces = ["unshare", "--user", "--map-root-user", "--mount", "--net", "--pid", "--fork", "--kill-child"]
    later = json.dumps(command if executed else [])
    return subprocess.run(
        [*namespaces, sys.executable, "-c", _HARNESS, json.dumps(plan), later, executed_in],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
