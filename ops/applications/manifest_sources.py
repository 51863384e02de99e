"""The files that manifests are imported from: named files, folders and standard input."""

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from boutique.application.manifests.manifest_parser import MAX_BYTES
from ops.errors import OperationError

STANDARD_INPUT = "-"
_SUFFIXES = (".yaml", ".yml", ".json")


def read_sources(paths: Iterable[str]) -> list[tuple[str, bytes]]:
    """Return the names and contents of manifest files.

    Args:
        paths: Files, folders with all below them, or `-` for standard input.

    Raises:
        OperationError: There is no such file, a folder has no manifests, or it is a chart or an overlay.
    """
    return [file for path in paths for file in _read(path)]


def _read(path: str) -> Iterator[tuple[str, bytes]]:
    if path == STANDARD_INPUT:
        content = sys.stdin.buffer.read(MAX_BYTES + 1)
        if not content.strip():
            raise OperationError("standard input is empty; pipe manifests into it, such as `helm template NAME CHART`")
        yield "standard input", content
        return
    place = Path(path)
    if place.is_dir():
        yield from _folder(place)
    elif place.exists():
        yield path, place.read_bytes()
    else:
        raise OperationError(f"{path}: there is no such file or folder")


def _folder(folder: Path) -> Iterator[tuple[str, bytes]]:
    files = sorted(path for path in folder.rglob("*") if path.is_file() and not _is_hidden(path, folder))
    chart = next((path for path in files if path.name == "Chart.yaml"), None)
    if chart:
        raise OperationError(
            f"{chart}: is a Helm chart, whose files are templates: `helm template NAME {chart.parent} | boutique "
            "application import -`"
        )
    overlay = next((path for path in files if path.stem == "kustomization" and path.suffix in _SUFFIXES), None)
    if overlay:
        raise OperationError(
            f"{overlay}: is for kustomize: `kubectl kustomize {overlay.parent} | boutique application import -`"
        )
    manifests = [path for path in files if path.suffix in _SUFFIXES]
    if not manifests:
        raise OperationError(f"{folder}: has no file that ends in {', '.join(_SUFFIXES)}")
    for path in manifests:
        yield str(path), path.read_bytes()


def _is_hidden(path: Path, folder: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(folder).parts)
