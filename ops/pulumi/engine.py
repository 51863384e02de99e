"""Runs the `pulumi` command for one stack, and turns its errors into exceptions."""

import json
import os
import re
import socket
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from ops.errors import OperationError
from support.lock_owners import is_running

# The format of Pulumi's backend/diy/lock.go.
_LOCKS = re.compile(r"created by (?P<user>\S+)@(?P<host>\S+) \(pid (?P<pid>\d+)\) at (?P<since>\S+)")
# The first message is a file backend's, the second Pulumi Cloud's, with status 409 and without a user's name.
_LOCKED = re.compile(r"the stack is currently locked|Another update is currently in progress")
_NO_STACK = re.compile(r"no stack named|unknown stack|stack '[^']*' not found")
MISSING = "the program 'pulumi' is missing; install it, or use the lab's: eval \"$(boutique lab env)\""
"""The message without a `pulumi` command."""

_SECTIONS = ("Outputs:", "Resources:", "Duration:", "Policies:")


class EngineError(OperationError):
    """The `pulumi` command failed; the message has its errors.

    Attributes:
        printed: The output of the command.
    """

    printed = ""


class MissingStackError(EngineError):
    """The backend has no such stack."""


@dataclass(frozen=True, kw_only=True)
class Holder:
    """A process that has locked a stack."""

    user: str
    host: str
    pid: int
    since: str

    @property
    def is_dead(self) -> bool:
        """Whether the process has ended; false for a process on another host, which cannot be checked."""
        return self.host == socket.gethostname() and not is_running(self.pid, datetime.fromisoformat(self.since))

    def __str__(self) -> str:
        return f"process {self.pid} of {self.user} on {self.host}, since {self.since}"


class LockedError(EngineError):
    """Another process is updating the stack.

    Attributes:
        holders: The processes that have locked it; empty if unknown.
    """

    def __init__(self, stack: str, holders: Sequence[Holder]) -> None:
        self.holders = tuple(holders)
        owners = " and ".join(map(str, holders)) or "another process"
        super().__init__(
            f"stack {stack!r} is being updated by {owners}; wait until that has ended, or, if "
            f"it is known to be dead, remove its lock with `pulumi cancel --stack {stack}`"
        )


def run(
    folder: Path,
    stack: str,
    *arguments: str,
    on_line: Callable[[str], None] | None = None,
    keeping: Sequence[int] = (),
    environment: Mapping[str, str] | None = None,
    timeout: float | None = None,
    given: str | None = None,
) -> str:
    """Run `pulumi` for a stack, and return its output.

    Args:
        folder: The folder of the project.
        stack: The name of the stack.
        arguments: The subcommand and its arguments.
        on_line: Called with each line of output while the command runs.
        keeping: File descriptors that the command inherits, so that they stay open even if this process ends.
        environment: Environment variables to set for the command.
        timeout: Seconds before the command is killed, only for commands that read; None for no limit.
        given: The command's stdin, such as a secret; not together with `on_line`.

    Raises:
        LockedError: Another process is updating the stack.
        MissingStackError: The backend has no such stack.
        EngineError: The command failed for another reason.
    """
    # Secrets go through a pipe: every user of the machine can read a command line.
    command = ["pulumi", *arguments, "--stack", stack, "--non-interactive", "--color", "never"]
    try:
        process = subprocess.Popen(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL if given is None else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT if on_line else subprocess.PIPE,
            text=True,
            pass_fds=keeping,
            env={**os.environ, **(environment or {})},
        )
    except FileNotFoundError as error:
        raise _start_error(error, folder) from None
    with process:
        lines = []
        try:
            if on_line is not None and process.stdout is not None:
                for line in process.stdout:
                    lines.append(line)
                    on_line(line.strip())
            printed, errors = process.communicate(given, timeout=timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            raise EngineError(f"pulumi did not finish for stack {stack!r} in time; give a longer --timeout") from None
        except KeyboardInterrupt:
            # Pulumi gets the interrupt as well, and ends after it has saved its state.
            process.communicate()
            raise
    output = "".join(lines) + printed
    if process.returncode:
        failure = _failure(stack, f"{errors or ''}\n{output}" if on_line else errors)
        failure.printed = output
        raise failure
    return output


def list_stacks(folder: Path, timeout: float | None = None) -> dict[str, dict[str, Any]]:
    """Return the stacks of a project by name, as `pulumi stack ls --json` prints them.

    Args:
        folder: The folder of the project.
        timeout: Seconds before the command is killed; None for no limit.

    Raises:
        EngineError: The command failed.
    """
    command = ["pulumi", "stack", "ls", "--json", "--non-interactive", "--color", "never"]
    try:
        result = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=timeout)
    except subprocess.TimeoutExpired:
        raise EngineError("pulumi did not list the stacks in time; give a longer --timeout") from None
    except FileNotFoundError as error:
        raise _start_error(error, folder) from None
    if result.returncode:
        raise EngineError(f"pulumi cannot list the stacks: {reason(result.stderr)}")
    return {stack["name"].rpartition("/")[2]: stack for stack in json.loads(result.stdout)}


def reason(printed: str) -> str:
    """Return the errors from Pulumi's output, without its other lines."""
    _, heading, diagnostics = printed.partition("Diagnostics:\n")
    if heading:
        kept = []
        for line in diagnostics.splitlines():
            if line.strip() in _SECTIONS or line.startswith(_SECTIONS):
                break
            if line.strip() and not line.strip().startswith("error: update failed"):
                kept.append(line)
        return "\n".join(kept)
    lines = [line.strip() for line in printed.splitlines() if line.strip()]
    errors = [line.removeprefix("error: ") for line in lines if line.startswith("error: ")]
    return "; ".join(errors) or (lines[-1] if lines else "pulumi gives no reason")


def _start_error(error: FileNotFoundError, folder: Path) -> EngineError:
    if error.filename == str(folder):
        return EngineError(f"the folder {folder} is gone")
    return EngineError(MISSING)


def _failure(stack: str, printed: str) -> EngineError:
    if _LOCKED.search(printed):
        holders = [
            Holder(user=match["user"], host=match["host"], pid=int(match["pid"]), since=match["since"])
            for match in _LOCKS.finditer(printed)
        ]
        return LockedError(stack, holders)
    if _NO_STACK.search(printed):
        return MissingStackError(f"there is no stack {stack!r}; `pulumi stack ls` shows which there are")
    return EngineError(f"stack {stack!r}: {reason(printed)}")
