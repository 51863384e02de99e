"""An image as it lies in an archive."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lab.images.image_manifest import Descriptor

BLOBS = "blobs/sha256"


@dataclass(frozen=True, kw_only=True)
class ArchivedImage:
    """An image of an archive.

    Attributes:
        names: Its references as the archive has them; may be empty.
        digest: Of its manifest; of its configuration in an archive without manifests.
        configuration: The image configuration.
        layers: The layers, the lowest first.
        paths: The file of each layer, by its digest.
    """

    names: Sequence[str]
    digest: str
    configuration: Mapping[str, Any]
    layers: Sequence[Descriptor]
    paths: Mapping[str, str]


def blob_path(digest: str) -> str:
    """Return the file of a blob in an OCI layout."""
    return f"{BLOBS}/{digest.partition(':')[2]}"
