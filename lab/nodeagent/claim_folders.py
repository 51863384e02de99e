"""Where the content of persistent volumes is."""

import re
from pathlib import Path

_UID = re.compile(r"[0-9a-f-]{36}")


def claim_folder(folder: Path, uid: str) -> Path:
    """Return the folder of a claim by its uid, within the folder of all.

    Raises:
        ValueError: It is no uid.
    """
    if not _UID.fullmatch(uid):
        message = f"{uid!r} is no uid of a claim"
        raise ValueError(message)
    return folder / uid
