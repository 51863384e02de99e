"""Runs Go: politely beside other work, without a trace when it is interrupted, and with errors that say what to do."""

import os
import re
import shutil
import signal
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from lab.errors import LabError
from lab.memory import available_memory
from lab.toolchain.go_mod import go_version
from support import paths

_NICE = 10
# What the compiler of the largest package, k8s.io/api/core/v1, needs when it collects garbage often; in bytes.
_COMPILER = 2**30
_LAST_LINES = 6

_DISK_FULL = r"no space left on device|disk quota exceeded"
_OLD_GO = r"requires go >= \S+|invalid go version|unknown (?:block type|directive): tool|toolchain not available"
_KILLED = r"signal: killed|out of memory"
_NO_MODULES = (
    r"dial tcp|no such host|proxyconnect|TLS handshake|i/o timeout|connection re(?:fused|set)|x509:|"
    r"disabled by GOPROXY|: [45]\d\d [A-Z]"
)


class BuildError(LabError):
    """A tool could not be built."""


def go(item: str, arguments: Sequence[str], folder: Path, log: Path) -> str:
    """Run `go` in a folder with a go.mod and return its output.

    Args:
        item: The tool that is built, as the subject of an error message.
        arguments: The command line after `go`.
        folder: Where to run it: a copy of a module, which also takes Go's temporary files.
        log: File that receives its messages, after those of earlier runs.

    Raises:
        BuildError: Go is missing or failed; the message says how to go on.
    """
    program = shutil.which("go")
    if program is None:
        raise BuildError(f"{item} could not be built: Go is not on PATH. {_get_go(folder)}")
    with log.open("ab") as errors:
        start = errors.tell()
        process = _start([program, *arguments], folder, subprocess.PIPE, errors)
        try:
            output, _ = process.communicate()
        except BaseException:
            _end(process)
            raise
    if process.returncode:
        message = log.read_bytes()[start:].decode(errors="replace").strip()
        raise BuildError(_explain(item, message or f"go ended with code {process.returncode}", folder, log))
    return output.decode()


@contextmanager
def start(arguments: Sequence[str], folder: Path) -> Iterator[None]:
    """Run `go` beside other work for as long as the context lasts; its output is dropped."""
    program = shutil.which("go")
    if program is None:
        yield
        return
    process = _start([program, *arguments], folder, subprocess.DEVNULL, subprocess.DEVNULL)
    try:
        yield
    finally:
        _end(process)


@contextmanager
def unwind_on_termination() -> Iterator[None]:
    """Let SIGTERM and SIGHUP unwind the stack like Ctrl-C does, so that child processes end and files are removed."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def leave(number: int, _: object) -> None:
        raise SystemExit(128 + number)

    signals = [number for number in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(number) is signal.SIG_DFL]
    for number in signals:
        signal.signal(number, leave)
    try:
        yield
    finally:
        for number in signals:
            signal.signal(number, signal.SIG_DFL)


def free_space() -> str:
    """Say how much is free in each place that a build writes to."""
    caches: list[str] = []
    with suppress(OSError, subprocess.SubprocessError):
        command = ["go", "env", "GOCACHE", "GOMODCACHE"]
        caches = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True).stdout.split("\n")
    places = [str(paths.cache()), *caches]
    free = {place: shutil.disk_usage(place).free for place in places if Path(place).is_dir() and place}
    return ", ".join(f"{size / 2**30:.1f} GiB in {place}" for place, size in free.items())


def _environment(folder: Path) -> dict[str, str]:
    # A tool for another system is of no use here, and a go.work of the user's must not change the versions.
    inherited = {name: value for name, value in os.environ.items() if name not in ("GOOS", "GOARCH")}
    free = available_memory()
    compilers = max(1, min(_processors(), free // _COMPILER))
    settings = {
        "GOFLAGS": f"-mod=readonly -p={compilers}",
        "GOWORK": "off",
        "CGO_ENABLED": "0",
        # Go leaves gigabytes of temporary files when it is ended; here they go away together with the folder.
        "GOTMPDIR": str(folder),
        # A compiler with one thread that collects garbage only when memory gets short takes 30 % less CPU.
        "GOGC": "off",
        "GOMEMLIMIT": str(free // (compilers + 1)),
        "GOMAXPROCS": "1",
    }
    return {**inherited, **settings}


def _processors() -> int:
    limit = os.environ.get("GOMAXPROCS", "")
    return int(limit) if limit.isdigit() and limit != "0" else len(os.sched_getaffinity(0))


def _start(command: Sequence[str], folder: Path, output: int, errors: int | BinaryIO) -> subprocess.Popen[bytes]:
    """Start a command in a process group of its own, with less priority than other work."""
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=_environment(folder),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=errors,
        process_group=0,
    )
    try:
        with suppress(OSError):
            os.setpriority(os.PRIO_PGRP, process.pid, max(_NICE, os.getpriority(os.PRIO_PROCESS, 0)))
    except BaseException:
        _end(process)
        raise
    return process


def _end(process: subprocess.Popen[bytes]) -> None:
    # Killed at once: Go keeps its caches whole through that, and does not tidy up on an interrupt either.
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _explain(item: str, output: str, folder: Path, log: Path) -> str:
    last = "\n".join(f"  {line}" for line in output.splitlines()[-_LAST_LINES:])
    remedy = "The same command tries again; finished tools are kept."
    if re.search(_DISK_FULL, output):
        remedy = f"The disk is full. Free: {free_space()}. {remedy}"
    elif re.search(_OLD_GO, output):
        remedy = f"The installed Go is too old. {_get_go(folder)}"
    elif re.search(_KILLED, output):
        remedy = f"Memory ran out, most likely: end other programs, or set GOMAXPROCS=1. {remedy}"
    elif re.search(_NO_MODULES, output):
        remedy = (
            "A Go module could not be downloaded. Check the network, or set GOPROXY to a module proxy that this "
            f"machine reaches (`go env GOPROXY` shows the present one). {remedy}"
        )
    return f"{item} could not be built. Go's messages:\n{last}\nAll of it: {log}\n{remedy}"


def _get_go(folder: Path) -> str:
    return f"The lab builds its tools with Go {go_version(folder)} or newer: https://go.dev/dl/"
