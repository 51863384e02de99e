"""Takes programs and files out of fetched and checked archives."""

import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from lab.toolchain.releases.release_errors import ReleaseError


def take_programs(path: Path, members: Mapping[str, str], folder: Path) -> set[str]:
    """Copy programs out of a tar archive, and return the names of those it has.

    Files are written under the given names only; the archive's own paths and links are ignored.

    Args:
        path: The archive; gzip, bzip2 and xz are known.
        members: Tools, and the path of each in the archive.
        folder: Where to put them.

    Raises:
        ReleaseError: The file is not a tar archive.
    """
    tools = {member: tool for tool, member in members.items()}
    copied = set()
    try:
        with tarfile.open(path) as archive:
            for entry in archive:
                tool = tools.get(entry.name.removeprefix("./"))
                source = archive.extractfile(entry) if tool and entry.isfile() else None
                if tool and source:
                    _write(source, folder / tool)
                    copied.add(tool)
    except (tarfile.TarError, zlib.error, EOFError) as error:
        raise ReleaseError(f"{path.name} cannot be unpacked: {error}") from None
    return copied


def take_files(path: Path, prefix: str, files: Mapping[str, str], folder: Path) -> None:
    """Copy files and folders out of a zip archive.

    Args:
        path: The archive.
        prefix: The folder that all of it is in.
        files: Targets in `folder`, and the file or folder of the archive that is put there.
        folder: Where to put them.

    Raises:
        ReleaseError: The archive lacks one, or has one that leads out of its folder.
    """
    with zipfile.ZipFile(path) as archive:
        names = [name for name in archive.namelist() if not name.endswith("/")]
        for target, source in files.items():
            member_path = f"{prefix}{source}"
            members = [name for name in names if name == member_path or name.startswith(f"{member_path}/")]
            if not members:
                raise ReleaseError(f"{prefix.rstrip('/')} has no {source}")
            for name in members:
                relative = name.removeprefix(member_path).lstrip("/")
                if ".." in Path(relative).parts:
                    raise ReleaseError(f"{prefix.rstrip('/')} has a file {name!r}, which leads out of its folder")
                copy = folder / target / relative if relative else folder / target
                copy.parent.mkdir(parents=True, exist_ok=True)
                with archive.open(name) as content:
                    _write(content, copy)


def _write(source: IO[bytes], path: Path) -> None:
    with path.open("wb") as file:
        shutil.copyfileobj(source, file, 2**20)
