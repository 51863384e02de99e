"""Stacks on a lab, deployed by the real `pulumi`, one command at a time."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.support.lab.unready_objects import unready

ROOT = Path(__file__).parents[3]
STAY_LONGEST = 240.0
QUICKLY = {"minReadySeconds": 0, "preStopSeconds": 0, "timeoutSeconds": 90}
"""Rollout settings for pods without callers: no request can be lost."""


@dataclass(frozen=True)
class Stack:
    """One stack of a project.

    Attributes:
        name: Of the stack.
        folder: Of the project.
        env: What the commands find in their environment: one lab.
    """

    name: str
    folder: Path
    env: Mapping[str, str] = field(repr=False)

    def create(self) -> "Stack":
        self.pulumi("stack", "init")
        return self

    def configure(self, **sections: Any) -> "Stack":
        """Write the stack's file; a section is a key of the project's configuration."""
        # The salt belongs to the lab's passphrase: with it pulumi has no reason to rewrite the file.
        salt = yaml.safe_load((ROOT / "Pulumi.local.yaml").read_text())["encryptionsalt"]
        config = {f"boutique:{section}": value for section, value in sections.items()}
        path = self.folder / f"Pulumi.{self.name}.yaml"
        path.write_text(yaml.safe_dump({"config": config, "encryptionsalt": salt}))
        return self

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start `pulumi` in a session of its own, so that `processes` finds every child process."""
        return subprocess.Popen(
            ["pulumi", *arguments, "--stack", self.name, "--non-interactive", "--color", "never"],
            cwd=self.folder,
            env=dict(self.env),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def pulumi(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run `pulumi`; what it prints is one text, since it tells its mistakes on either channel."""
        with self.start(*arguments) as running:
            output = end(running, self.env)
        done = subprocess.CompletedProcess(arguments, running.returncode, output)
        if check and done.returncode != 0:
            message = f"pulumi {' '.join(arguments)} of stack {self.name} ended with {done.returncode}: {output}"
            raise AssertionError(message)
        return done

    def up(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        return self.pulumi("up", "--yes", "--skip-preview", *arguments, check=check)

    def outputs(self, *arguments: str) -> dict[str, Any]:
        outputs: dict[str, Any] = json.loads(self.pulumi("stack", "output", "--json", *arguments).stdout)
        return outputs

    def resources(self) -> list[dict[str, Any]]:
        """Return the resources in the state, without the stack itself."""
        state = json.loads(self.pulumi("stack", "export").stdout)["deployment"]
        return [resource for resource in state.get("resources") or [] if resource["type"] != "pulumi:pulumi:Stack"]

    def kubeconfig(self, target: str) -> dict[str, Any]:
        """Return the kubeconfig of one target's deployer; it holds a token, so nothing may print it."""
        kubeconfig: dict[str, Any] = json.loads(self.outputs("--show-secrets")["targets"][target]["kubeconfig"])
        return kubeconfig

    def kubeconfig_file(self, target: str, folder: Path) -> Path:
        """Write that kubeconfig where only its owner may read it."""
        path = folder / f"{target}.kubeconfig"
        path.touch(mode=0o600)
        path.write_text(json.dumps(self.kubeconfig(target)))
        return path


def committed_sections(stack: str) -> dict[str, Any]:
    """Return the configuration in a stack file of this repository, by the keys' names without the project's."""
    config = yaml.safe_load((ROOT / f"Pulumi.{stack}.yaml").read_text())["config"]
    return {key.removeprefix("boutique:"): value for key, value in config.items()}


def project(folder: Path, env: Mapping[str, str]) -> Callable[[str], Stack]:
    """Make a project that runs the program with stack files of its own, and return what names its stacks."""
    for name in ("Pulumi.yaml", "__main__.py"):
        shutil.copy(ROOT / name, folder)
    (folder / "application").symlink_to(ROOT / "application")
    (folder / "venv").symlink_to(sys.prefix)
    return lambda name: Stack(name, folder, env)


def processes(session: int) -> list[int]:
    """Return the processes of a session; those that pulumi puts in a process group of their own stay in it."""
    pids = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            # The name, in parentheses, may hold anything; after it come state, parent, group and session.
            state, _, _, its_session = path.read_text().rpartition(")")[2].split()[:4]
        except OSError:
            continue
        if int(its_session) == session and state != "Z":
            pids.append(int(path.parent.name))
    return pids


def end(running: subprocess.Popen[str], env: Mapping[str, str] | None = None) -> str:
    """Wait until a command has ended, and return what it said; one that takes too long ends with all it started.

    Args:
        running: The command.
        env: Of a lab, if what is not ready there is to be told of a command that takes too long.
    """
    try:
        return running.communicate(timeout=STAY_LONGEST)[0]
    except subprocess.TimeoutExpired:
        witnessed = unready(env) if env else ""
        for pid in processes(running.pid):
            os.kill(pid, signal.SIGKILL)
        output, _ = running.communicate()
        message = f"{running.args!r} did not end within {STAY_LONGEST} s: {output[-4000:]}\n{witnessed}"
        raise AssertionError(message) from None


def run_together(stacks: Sequence[Stack], command: str, *arguments: str) -> str:
    """Run one command of `pulumi` for several stacks at once, and return what they said."""
    started = [(stack, stack.start(command, "--yes", "--skip-preview", *arguments)) for stack in stacks]
    results = [(stack, process, end(process, stack.env)) for stack, process in started]
    for stack, process, output in results:
        assert process.returncode == 0, f"{stack.name}: {output}"
    return "\n".join(output for _, _, output in results)


def wait_for_moment(true: Callable[[], bool], running: subprocess.Popen[str], what: str) -> None:
    """Wait for a moment in the middle of a command."""
    deadline = time.monotonic() + STAY_LONGEST
    while not true():
        assert running.poll() is None, f"pulumi ended before {what}"
        assert time.monotonic() < deadline, f"it took too long until {what}"
        time.sleep(0.02)
