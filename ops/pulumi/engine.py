"""Runs the `pulumi` command for one stack, and tells what it said in terms of whoever asked."""

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

# As Pulumi's backend/diy/lock.go writes them.
_LOCKS = re.compile(r"created by (?P<user>\S+)@(?P<host>\S+) \(pid (?P<pid>\d+)\) at (?P<since>\S+)")
# A file backend says the first, Pulumi Cloud the second, with 409 and without a name.
_LOCKED = re.compile(r"the stack is currently locked|Another update is currently in progress")
_NO_STACK = re.compile(r"no stack named|unknown stack|stack '[^']*' not found")
MISSING = "the program 'pulumi' is missing; install it, or use the lab's: eval \"$(boutique lab env)\""
"""What whoever has no `pulumi` is told."""

_SECTIONS = ("Outputs:", "Resources:", "Duration:", "Policies:")


class EngineError(OperationError):
    """Pulumi could not do what it was asked for; the text has its own reasons.

    Attributes:
        printed: What it printed nevertheless.
    """

    printed = ""


class MissingStackError(EngineError):
    """There is no such stack."""


@dataclass(frozen=True, kw_only=True)
class Holder:
    """Whoever has locked a stack."""

    user: str
    host: str
    pid: int
    since: str

    @property
    def is_dead(self) -> bool:
        """Whether it is known to have ended: only of a process of this host can that be said."""
        return self.host == socket.gethostname() and not is_running(self.pid, datetime.fromisoformat(self.since))

    def __str__(self) -> str:
        return f"process {self.pid} of {self.user} on {self.host}, since {self.since}"


class LockedError(EngineError):
    """Others are updating the stack.

    Attributes:
        holders: Who they are.
    """

    def __init__(self, stack: str, holders: Sequence[Holder]) -> None:
        self.holders = tuple(holders)
        who = " and ".join(map(str, holders)) or "somebody else"
        super().__init__(
            f"stack {stack!r} is being updated by {who}; wait until that has ended, or, if "
            f"it is known to be dead, remove its lock with `pulumi cancel --stack {stack}`"
        )


def run(
    folder: Path,
    stack: str,
    *arguments: str,
    said: Callable[[str], None] | None = None,
    keeping: Sequence[int] = (),
    environment: Mapping[str, str] | None = None,
    timeout: float | None = None,
    given: str | None = None,
) -> str:
    """Run `pulumi` for a stack, and return what it printed.

    Args:
        folder: Of the project.
        stack: Its name.
        arguments: What to do.
        said: Is told each line while it runs.
        keeping: Open files that stay open for as long as it runs, whatever becomes of this process.
        environment: Variables to set for it.
        timeout: After how many seconds to give up, for what only reads; None for never.
        given: What it reads from its input, such as a secret; not together with `said`.

    Raises:
        LockedError: Somebody else is updating the stack.
        MissingStackError: There is none of that name.
        EngineError: Anything else.
    """
    # Secrets come by a pipe: what is on a command line, everybody on the machine can read.
    command = ["pulumi", *arguments, "--stack", stack, "--non-interactive", "--color", "never"]
    try:
        process = subprocess.Popen(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL if given is None else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT if said else subprocess.PIPE,
            text=True,
            pass_fds=keeping,
            env={**os.environ, **(environment or {})},
        )
    except FileNotFoundError as error:
        raise _start_error(error, folder) from None
    with process:
        lines = []
        try:
            if said is not None and process.stdout is not None:
                for line in process.stdout:
                    lines.append(line)
                    said(line.strip())
            printed, errors = process.communicate(given, timeout=timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            raise EngineError(f"pulumi did not tell of stack {stack!r} in time; give a longer --timeout") from None
        except KeyboardInterrupt:
            # Pulumi was told as well, and ends when it has written down how far it got.
            process.communicate()
            raise
    output = "".join(lines) + printed
    if process.returncode:
        failure = _failure(stack, f"{errors or ''}\n{output}" if said else errors)
        failure.printed = output
        raise failure
    return output


def list_stacks(folder: Path, timeout: float | None = None) -> dict[str, dict[str, Any]]:
    """Return what `pulumi stack ls` tells of each stack of a project, by name.

    Args:
        folder: Of the project.
        timeout: After how many seconds to give up; None for never.

    Raises:
        EngineError: Pulumi cannot say.
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
    """Return what Pulumi says went wrong, without what it says beside."""
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
    return "; ".join(errors) or (lines[-1] if lines else "it does not say why")


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
