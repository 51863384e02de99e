"""Tells the features of audits from those of branches, and whether the audit of one was killed on this machine."""

import fcntl
import os
import re
import secrets
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from ops.pulumi.workspace import unique_name
from support import paths

_NAME = re.compile(r"audit-[0-9a-f]{8}")


def new_name() -> str:
    """Return a name for the feature of an audit, which no branch has."""
    return f"audit-{secrets.token_hex(4)}"


def is_audit(key: str) -> bool:
    """Return whether a feature has the key of an audit."""
    return _NAME.fullmatch(key) is not None


@contextmanager
def running_audit(stack: str) -> Iterator[None]:
    """Mark the stack of an audit as in use; the mark stays if this process is killed, without its lock."""
    mark = _mark(stack)
    mark.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    held = os.open(mark, os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(held, fcntl.LOCK_EX)
    try:
        os.write(held, stack.encode())
        yield
    finally:
        # An audit that could not remove its feature leaves it to the next, as a killed one does.
        os.close(held)


def is_killed_audit(stack: str) -> bool:
    """Return whether the audit that deployed a stack was killed on this machine, or could not remove it."""
    try:
        held = os.open(_mark(stack), os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(held)
    return True


def forget_audit(stack: str) -> None:
    """Remove the mark of an audit whose feature is removed."""
    _mark(stack).unlink(missing_ok=True)


def forget_other_audits(environment: str, stacks: Collection[str]) -> None:
    """Remove the marks of killed audits of an environment that have no feature.

    Args:
        environment: The environment's stack.
        stacks: The stacks of the features that there are.
    """
    for mark in _marks().glob(f"{environment}-*"):
        stack = mark.read_text()
        # Those of other backends have other names.
        if mark == _mark(stack) and stack not in stacks and is_killed_audit(stack):
            forget_audit(stack)


def _marks() -> Path:
    return paths.state() / "audits"


def _mark(stack: str) -> Path:
    return _marks() / unique_name(stack)
