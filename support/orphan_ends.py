"""How processes ended whose parent had ended before: their new parent writes it down, for the old one's successor."""

import time
from pathlib import Path

from support.files import replace_file


def write_orphan_end(folder: Path, pid: int, code: int) -> None:
    """Write down how a process ended.

    Args:
        folder: The folder of these notes; one of the same process number is overwritten.
        pid: Its number.
        code: Its exit code, negative for a signal.
    """
    folder.mkdir(mode=0o700, exist_ok=True)
    replace_file(folder / str(pid), f"{code} {time.time()}")


def read_orphan_end(folder: Path, pid: int, since: float) -> int | None:
    """Return the exit code of a process; None if there is no note of it.

    Args:
        folder: The folder of these notes.
        pid: Its number, which an earlier process may have had, too.
        since: When it was started, in seconds since the epoch.
    """
    try:
        code, ended = (folder / str(pid)).read_text().split()
    except FileNotFoundError:
        return None
    return int(code) if float(ended) >= since else None
