"""The committed stack `local` in a project of its own, deployed by `make up`."""

import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.lab.lab_commands import Lab
from tests.support.lab.lab_stacks import ROOT, Stack, committed_sections, processes, project
from tests.support.lab.unready_objects import unready

LONGEST = 600.0
STUCK = ("pending-install", "pending-upgrade", "pending-rollback", "uninstalling")


@dataclass
class MakeCommand:
    """A project on a lab.

    Attributes:
        lab: The lab; it need not be there.
        folder: The project's.
        sections: The configuration of the stack.
    """

    lab: Lab
    folder: Path
    sections: dict[str, Any] = field(repr=False)

    @classmethod
    def of(cls, lab: Lab, folder: Path) -> "MakeCommand":
        """Make the project: the command and the files of this repository with a stack file of its own."""
        project(folder, {})
        shutil.copy(ROOT / "Makefile", folder)
        return cls(lab, folder, committed_sections("local"))

    @property
    def stack(self) -> Stack:
        """The stack; its environment is that of the lab as it is now."""
        return Stack("local", self.folder, self.lab.env)

    def configure(self, **mesh: Any) -> None:
        """Write the stack file with other values of the mesh."""
        sections = deepcopy(self.sections)
        sections["platform"]["mesh"] |= mesh
        Stack("local", self.folder, {}).configure(**sections)

    @contextmanager
    def start(self) -> Iterator[subprocess.Popen[bytes]]:
        """Run `make up`; what it prints goes to a file, since parts of a killed one keep a pipe open."""
        command = ["make", "--no-print-directory", "--old-file=venv/.ready", "up", f"LAB={self.lab.name}"]
        environment = {**os.environ, "XDG_STATE_HOME": str(self.lab.state_home)}
        with (
            (self.folder / "output").open("wb") as output,
            subprocess.Popen(
                command, cwd=self.folder, env=environment, stdout=output, stderr=output, start_new_session=True
            ) as running,
        ):
            try:
                yield running
            finally:
                kill_all(running)
                self.lab.forget()

    @property
    def output(self) -> str:
        return (self.folder / "output").read_text(errors="replace")

    def up(self) -> str:
        """Run `make up` to its end, which has to be a good one, and return what it printed."""
        with self.start() as running:
            try:
                code: int | None = running.wait(timeout=LONGEST)
            except subprocess.TimeoutExpired:
                code = None
        witnessed = "" if code == 0 else unready(self.lab.env)
        assert code == 0, f"make up ended with {code}: {self.output[-8000:]}\n{witnessed}"
        return self.output

    def statuses(self, release: str = "") -> list[str]:
        """Return the statuses of the revisions of a Helm release, or of all; none while nothing answers."""
        if not (self.lab.folder / "kubeconfig").is_file():
            return []
        selector = f"owner=helm{',name=' + release if release else ''}"
        columns = "custom-columns=STATUS:.metadata.labels.status"
        done = subprocess.run(
            ["kubectl", "get", "secrets", "-A", "-l", selector, "-o", columns, "--no-headers"],
            env=self.lab.env,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.stdout.split()


def kill_all(running: subprocess.Popen[bytes]) -> None:
    """Kill a command with all its child processes, in any process group."""
    while pids := processes(running.pid):
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue


def kill_group(running: subprocess.Popen[bytes]) -> None:
    """Kill the process group of a command, as Ctrl-\\ does; Pulumi's plugins have others, and outlive it."""
    os.killpg(running.pid, signal.SIGKILL)


@dataclass(frozen=True)
class Moment:
    """When a command is killed, and how.

    Attributes:
        what: In words.
        come: Says whether it is there.
        kill: Does it.
    """

    what: str
    come: Callable[[], bool]
    kill: Callable[[subprocess.Popen[bytes]], None]


def at_status(making: MakeCommand, release: str, status: str) -> Moment:
    """Return the moment when the last revision of a Helm release has a status."""
    return Moment(f"{release} is {status}", lambda: status in making.statuses(release), kill_all)


def random_moment(chance: random.Random, longest: float) -> Moment:
    """Return some moment in the next seconds."""
    after, kill = chance.uniform(0.2, longest), chance.choice((kill_all, kill_group))
    begun: list[float] = []

    def come() -> bool:
        begun.append(time.monotonic())
        return begun[-1] - begun[0] >= after

    return Moment(f"{after:.2f} s, {kill.__name__}", come, kill)


def interrupt(making: MakeCommand, moment: Moment) -> bool:
    """Kill `make up` at a moment; say whether it was still running."""
    with making.start() as running:
        while not moment.come() and running.poll() is None:
            time.sleep(0.02)
        alive = running.poll() is None
        if alive:
            moment.kill(running)
            running.wait()
    return alive
