"""The images in the cache and their names: one file each, which is replaced as a whole."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.images.pull_reference import PullReference
from lab.images.store_locks import hold_existing, hold_if_unused
from support.files import replace_file


@dataclass(frozen=True, kw_only=True)
class ImageRecord:
    """An image in the cache.

    Attributes:
        digest: Of its manifest.
        layers: The diff IDs of the layers to mount, the lowest first.
        configuration: The image configuration.
    """

    digest: str
    layers: Sequence[str]
    configuration: Mapping[str, Any]


class ImageRecords:
    """The records below a folder.

    Args:
        root: The folder of the whole cache.
    """

    def __init__(self, root: Path) -> None:
        self._images = root / "images"
        self._names = root / "names"

    def image(self, digest: str) -> ImageRecord | None:
        """Return the image with a manifest; None if it is not there."""
        content = _read(self._image(digest))
        return None if content is None else ImageRecord(**content)

    def named(self, reference: PullReference) -> ImageRecord | None:
        """Return the image that a reference stood for when it was pulled or loaded last; None if it is not there."""
        name = _read(self._name(reference))
        digest = name["digest"] if name else reference.digest
        return self.image(digest) if digest else None

    def add(self, record: ImageRecord, references: Sequence[PullReference]) -> None:
        """Record an image whose layers are all there, and its names."""
        for folder in (self._images, self._names):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Its content never changes, and a lock that a lab holds is that of this very file.
        if self.image(record.digest) != record:
            content = {
                "digest": record.digest,
                "layers": list(record.layers),
                "configuration": record.configuration,
            }
            replace_file(self._image(record.digest), json.dumps(content))
        for reference in references:
            content = {"reference": str(reference), "digest": record.digest}
            replace_file(self._name(reference), json.dumps(content))

    def images(self) -> Iterator[tuple[ImageRecord, tuple[str, ...]]]:
        """Yield all images, each with its names."""
        names: dict[str, list[str]] = {}
        for path in sorted(self._names.glob("*.json")):
            if name := _read(path):
                names.setdefault(name["digest"], []).append(name["reference"])
        for path in sorted(self._images.glob("*.json")):
            if content := _read(path):
                record = ImageRecord(**content)
                yield record, tuple(sorted(names.get(record.digest, ())))

    def hold(self, digest: str) -> AbstractContextManager[bool]:
        """Mark an image as used, together with others; False if it was removed."""
        return hold_existing(self._image(digest))

    def hold_if_unused(self, digest: str) -> AbstractContextManager[bool]:
        """Keep others from using an image; False if it is used."""
        return hold_if_unused(self._image(digest))

    def remove(self, digest: str) -> None:
        """Remove an image and its names."""
        # The names first: one without its image is taken for none, so nothing is half removed.
        for path in self._names.glob("*.json"):
            if (name := _read(path)) and name["digest"] == digest:
                path.unlink()
        self._image(digest).unlink()

    def _image(self, digest: str) -> Path:
        return self._images / f"{digest.replace(':', '-')}.json"

    def _name(self, reference: PullReference) -> Path:
        return self._names / f"{hashlib.sha256(reference.key.encode()).hexdigest()}.json"


def _read(path: Path) -> dict[str, Any] | None:
    """Return the content of a record; None if it is missing, or empty after a power failure."""
    try:
        content: dict[str, Any] = json.loads(path.read_text())
    except (FileNotFoundError, ValueError):
        return None
    return content
