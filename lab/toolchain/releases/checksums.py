"""Reads the checksums of publishers, and computes those of go.sum."""

import base64
import hashlib
import json
import re
import zipfile
import zlib
from pathlib import Path

from lab.toolchain.releases.artifacts import Download
from lab.toolchain.releases.release_errors import ReleaseError

_SHA256 = re.compile(r"[0-9a-fA-F]{64}")


def published_digest(download: Download, content: bytes) -> str:
    """Return the digest that a publisher states of a file.

    Args:
        download: The file.
        content: Of the publisher's checksums.

    Raises:
        ReleaseError: They do not have the file.
    """
    text = content.decode(errors="replace")
    digest = _from_github(text, download.name) if download.stated == "github" else _from_sums(text, download.name)
    if not digest or not _SHA256.fullmatch(digest):
        raise ReleaseError(f"{download.checksums} states no SHA-256 of {download.name}; without one it is not taken")
    return f"sha256:{digest.lower()}"


def module_h1(path: Path) -> str:
    """Return the checksum that go.sum has for a module's zip: golang.org/x/mod/sumdb/dirhash, Hash1.

    Raises:
        ReleaseError: The file is no zip archive.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            lines = [
                f"{hashlib.sha256(archive.read(name)).hexdigest()}  {name}\n" for name in sorted(archive.namelist())
            ]
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise ReleaseError(f"{path.name} is no zip archive: {error}") from None
    return base64.b64encode(hashlib.sha256("".join(lines).encode()).digest()).decode()


def _from_sums(text: str, name: str) -> str | None:
    for line in text.splitlines():
        digest, _, file = line.strip().partition(" ")
        # An asterisk says that the file was read as binary.
        if file.strip().removeprefix("*").removeprefix("./") == name:
            return digest
    # A file for one program may have nothing but its checksum.
    return text.strip() if len(text.split()) == 1 else None


def _from_github(text: str, name: str) -> str | None:
    try:
        digests = {asset["name"]: asset["digest"] for asset in json.loads(text)["assets"]}
    except (ValueError, KeyError, TypeError):
        return None
    algorithm, _, digest = str(digests.get(name)).partition(":")
    return digest if algorithm == "sha256" else None
