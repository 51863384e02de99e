"""The cache of finished tools: one folder per family and content, in which everything that has its final name is whole.

tools/kubernetes-1f2e3d4c5b6a/kwok              finished: it got this name after it was written to disk
tools/kubernetes-1f2e3d4c5b6a/kwok.log          Go's messages of the build
tools/kubernetes-1f2e3d4c5b6a/files/kwok/...    files taken out of the modules
tools/kubernetes-1f2e3d4c5b6a/.part-x7f3k2      being made, or left by a build that was killed
tools/kubernetes-1f2e3d4c5b6a/.lock             held while a build works in the folder
tools/release-kwok-6a5b4c3d2e1f/kwok      fetched from its publisher and checked; files/ as above
tools/releases/lock.json                  the digests of fetched releases
tools/releases/.lock                      held while releases are fetched
"""

import hashlib
import json
import os
import platform
import shutil
import sys
import tempfile
from pathlib import Path

from lab.toolchain.recipe import Family, GoProgram, ModuleFile
from support import paths

FILES = "files"
_PART = ".part-"


def root() -> Path:
    """Return the folder of all tools."""
    return paths.cache() / "tools"


def folder(family: Family) -> Path:
    """Return the folder in which the family's tools are kept, whether it exists or not."""
    return root() / f"{family.name}-{_key(family)}"


def make_part(parent: Path) -> Path:
    """Create an empty folder in `parent` for something unfinished; its name is unique."""
    return Path(tempfile.mkdtemp(prefix=_PART, dir=parent))


def publish(part: Path, final: Path) -> None:
    """Give a finished file or folder its final name, once its content is sure to survive a crash of the machine."""
    contents = [part, *part.rglob("*")] if part.is_dir() else [part]
    for path in contents:
        if not path.is_symlink():
            _sync(path)
    part.rename(final)
    _sync(final.parent)


def sweep(parent: Path) -> None:
    """Remove the leftovers of killed builds; the caller holds the lock of `parent`."""
    for part in parent.glob(f"{_PART}*"):
        shutil.rmtree(part, ignore_errors=True)


def _key(family: Family) -> str:
    # The version of Go is left out on purpose: an upgrade of Go must not cause new builds, and a machine that got
    # its cache from elsewhere need not have Go at all.
    recipe = {
        "platform": [sys.platform, platform.machine()],
        "tools": [[tool.name, *_recipe(tool.recipe)] for tool in family.tools],
        "files": [[target, file.module, file.source] for target, file in family.files],
    }
    digest = hashlib.sha256(json.dumps(recipe).encode())
    for source in sources(family):
        content = source.read_bytes()
        digest.update(f"\n{source.relative_to(family.module)} {len(content)}\n".encode() + content)
    return digest.hexdigest()[:12]


def _recipe(recipe: GoProgram | ModuleFile) -> list[str | None]:
    if isinstance(recipe, ModuleFile):
        return [recipe.source]
    embedded = (value for part in recipe.embedded for value in (part.name, part.file.source, part.version))
    return [*recipe.arguments(""), *embedded]


def sources(family: Family) -> list[Path]:
    """Return the files of ours that the family is built from, modules that replace others included."""
    kinds = {"go.mod", "go.sum"}
    return sorted(path for path in family.module.rglob("*") if path.name in kinds or path.suffix == ".go")


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
