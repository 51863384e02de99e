"""Labs of the tests' own, seen through the `boutique` command."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

BOUTIQUE = [str(Path(sys.executable).with_name("boutique"))]
PATIENCE = 180.0
"""Seconds until a test that waits for something fails: many more than it takes, however slow the machine is today."""

_told: "dict[Lab, dict[str, str]]" = {}


@dataclass(frozen=True)
class Lab:
    """A lab of the tests' own, seen through the `boutique` command."""

    name: str
    state_home: Path

    @property
    def folder(self) -> Path:
        return self.state_home / "boutique" / "labs" / self.name

    @property
    def env(self) -> dict[str, str]:
        """The environment of the tests with that of the lab on top; the same until the lab is started anew."""
        if self not in _told:
            changes = json.loads(self.boutique("env", "--json").stdout)
            merged = {**self._environment(), **changes}
            _told[self] = {name: value for name, value in merged.items() if value is not None}
        return dict(_told[self])

    def forget(self) -> None:
        """Have the environment asked for anew: another command may have started the lab."""
        _told.pop(self, None)

    def boutique(self, command: str, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run `boutique lab COMMAND` for this lab."""
        if command in ("up", "down"):
            self.forget()
        done = subprocess.run(
            [*BOUTIQUE, "lab", command, "--name", self.name, *arguments],
            env=self._environment(),
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        if check and done.returncode != 0:
            message = f"boutique lab {command} ended with {done.returncode}: {done.stderr}"
            raise AssertionError(message)
        return done

    def kubectl(self, *arguments: str, stdin: str | None = None) -> str:
        """Run kubectl as the administrator and return what it prints."""
        done = subprocess.run(
            ["kubectl", *arguments],
            env=self.env,
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        if done.returncode != 0:
            message = f"kubectl {' '.join(arguments)} ended with {done.returncode}: {done.stderr}"
            raise AssertionError(message)
        return done.stdout

    def refusal(self, *arguments: str, stdin: str | None = None) -> str:
        """Return why kubectl is refused something; empty if it is not."""
        try:
            self.kubectl(*arguments, stdin=stdin)
        except AssertionError as refusal:
            return str(refusal)
        return ""

    def status(self) -> dict[str, object]:
        """Return what `boutique lab status --json` says."""
        content: dict[str, object] = json.loads(self.boutique("status", "--json", check=False).stdout)
        return content

    def component(self, name: str) -> dict[str, object]:
        """Return what the status says of one component."""
        components = self.status()["components"]
        assert isinstance(components, list)
        component: dict[str, object] = next(component for component in components if component["name"] == name)
        return component

    def processes(self) -> dict[int, str]:
        """Return the command lines of all processes that mention the lab's folder."""
        commands = {}
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                line = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
            if f"{self.folder}/" in line or f"{self.folder} " in line:
                commands[int(path.parent.name)] = line
        return commands

    def kill(self, pid: int) -> None:
        """End one of the lab's own processes without warning."""
        assert pid in self.processes(), "not a process of this lab"
        os.kill(pid, signal.SIGKILL)

    def _environment(self) -> dict[str, str]:
        return {**os.environ, "XDG_STATE_HOME": str(self.state_home)}


def eventually(true: Callable[[], bool], what: str) -> None:
    """Wait until something is true, or fail."""
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline, f"not within {PATIENCE:.0f} s: {what}"
        time.sleep(0.1)


def running(lab: Lab) -> Iterator[Lab]:
    assert not lab.folder.exists(), "another worker has a lab of this name"
    try:
        # Without them, each lab would ask for registries that are not there.
        lab.boutique("up", "--containers", "stand-ins")
        yield lab
    finally:
        lab.boutique("down", "--delete")
