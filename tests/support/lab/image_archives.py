"""The image of the tests' own: one static program, and a few files."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.support.unit.image_builds import Built, archive, entry, image, layout, link

_SOURCE = Path(__file__).parent / "container_program"
_NAME = "org.opencontainers.image.ref.name"
COMMANDS = (
    *("cat", "exists", "write", "fail", "get", "signal", "sleep", "terminal", "kill"),
    *("escape", "descriptors", "writable", "climb", "connect", "size", "tar", "dig"),
)
"""The links to the program by which a command of a container calls a part of it."""


def build_program(folder: Path, architecture: str = "") -> Path:
    """Build the program with the toolchain of this machine, for another architecture if Go's name of one is given."""
    program = folder / "program"
    subprocess.run(
        ["go", "build", "-trimpath", "-ldflags=-s -w", "-o", str(program), "."],
        cwd=_SOURCE,
        env={**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "-mod=mod", "GOPROXY": "off", "GOARCH": architecture},
        check=True,
    )
    return program


def build_image(program: Path, config: Mapping[str, Any], files: Mapping[str, str]) -> Built:
    """Return an image with the program at /app/server.

    Args:
        program: The program.
        config: How it is run.
        files: More files by their paths.
    """
    links = [link(f"bin/{name}", "/app/server") for name in COMMANDS]
    base = archive((entry("app/server", mode=0o755), program.read_bytes()), *links)
    upper = archive(*((entry(path, mode=0o755), content.encode()) for path, content in files.items()))
    return image(base, upper, config={"Entrypoint": ["/app/server"], **config})


def write_layout(folder: Path, reference: str, built: Built) -> Path:
    """Write an OCI layout with an image of that name."""
    return layout(folder, [(built, {_NAME: reference})])
