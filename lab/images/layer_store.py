"""The layers in the cache: each is unpacked once, and has its name only when it is complete."""

import json
from collections.abc import Callable, Collection
from contextlib import AbstractContextManager
from dataclasses import asdict
from pathlib import Path
from typing import BinaryIO

from lab.images.disk_writes import write_back
from lab.images.layer_unpacking import LayerSummary, unpack_layer
from lab.images.store_locks import hold_alone
from support.folder_removal import remove_folder

_PART = ".part-"
_TREE = "tree"
_SUMMARY = "layer.json"


class LayerStore:
    """The layers below a folder.

    Args:
        root: The folder of the whole cache.
    """

    def __init__(self, root: Path) -> None:
        self._layers = root / "layers"
        self._locks = root / "locks"

    def tree(self, diff_id: str) -> Path:
        """Return the folder of an unpacked layer, whether it is there or not."""
        return self._folder(diff_id) / _TREE

    def has(self, diff_id: str) -> bool:
        """Say whether a layer is there; what a power failure left empty is not."""
        try:
            return (self._folder(diff_id) / _SUMMARY).stat().st_size > 0
        except FileNotFoundError:
            return False

    def summary(self, diff_id: str) -> LayerSummary:
        """Return what was recorded of a layer that is there."""
        return LayerSummary(**json.loads((self._folder(diff_id) / _SUMMARY).read_text()))

    def add(
        self,
        diff_id: str,
        blob: str,
        open_blob: Callable[[], AbstractContextManager[BinaryIO]],
        advance: Callable[[int], object],
    ) -> None:
        """Unpack a layer, unless it is there. The lock of its blob is held, so no other process works on either.

        Args:
            diff_id: The layer.
            blob: The digest of its archive as it is transferred.
            open_blob: Opens that archive.
            advance: Called with the size of each piece that is unpacked.

        Raises:
            UnusableImageError: The archive is not usable.
            OSError: It cannot be written; nothing of it stays.
        """
        with hold_alone(self._locks / _file_name(blob)):
            if self.has(diff_id):
                return
            with open_blob() as archive:
                self._layers.mkdir(mode=0o700, parents=True, exist_ok=True)
                part = self._layers / f"{_PART}{_file_name(blob)}"
                remove_folder(part)
                part.mkdir(mode=0o700)
                try:
                    summary = unpack_layer(archive, part / _TREE, diff_id, advance)
                    (part / _SUMMARY).write_text(json.dumps(asdict(summary)))
                    # After a power failure, a layer that has its name has its content, too.
                    write_back(part)
                    self._publish(part, diff_id)
                finally:
                    remove_folder(part)

    def _publish(self, part: Path, diff_id: str) -> None:
        # Another process may add the same layer in another compression.
        with hold_alone(self._locks / f"{_file_name(diff_id)}-name"):
            if not self.has(diff_id):
                remove_folder(self._folder(diff_id))
                part.rename(self._folder(diff_id))

    def remove_others(self, diff_ids: Collection[str]) -> int:
        """Remove all layers but these, and what killed processes left; return the bytes of the layers.

        The caller holds the lock of the cache alone.
        """
        kept = {_file_name(diff_id) for diff_id in diff_ids}
        freed = 0
        for folder in self._layers.iterdir() if self._layers.is_dir() else ():
            if folder.name in kept:
                continue
            if not folder.name.startswith(_PART):
                diff_id = folder.name.replace("-", ":", 1)
                freed += self.summary(diff_id).size if self.has(diff_id) else 0
                folder = folder.rename(self._layers / f"{_PART}{folder.name}-removed")
            remove_folder(folder)
        for lock in self._locks.iterdir() if self._locks.is_dir() else ():
            lock.unlink()
        return freed

    def _folder(self, diff_id: str) -> Path:
        return self._layers / _file_name(diff_id)


def _file_name(digest: str) -> str:
    return digest.replace(":", "-")
