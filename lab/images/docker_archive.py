"""Finds images in what `docker save` writes; newer versions add an OCI layout, older ones have this form alone.

https://github.com/moby/docker-image-spec/blob/v1.3.1/spec.md#combined-image-json--filesystem-changeset-format
"""

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

from lab.images.archive_files import ArchiveFiles, parse_json, read_file
from lab.images.archived_image import BLOBS, ArchivedImage
from lab.images.image_configuration import parse_configuration
from lab.images.image_errors import UnusableImageError
from lab.images.image_manifest import Descriptor

MANIFEST = "manifest.json"


def docker_images(files: ArchiveFiles) -> Iterator[ArchivedImage]:
    """Yield the images of the archive.

    Raises:
        UnusableImageError: An image is not usable.
    """
    entries = parse_json(read_file(files, MANIFEST), MANIFEST)
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise UnusableImageError(f"its {MANIFEST} is no list of images")
    for entry in entries:
        yield _image(files, entry)


def _image(files: ArchiveFiles, entry: Mapping[str, Any]) -> ArchivedImage:
    path = entry.get("Config")
    if not isinstance(path, str):
        raise UnusableImageError(f"its {MANIFEST} has an image without a valid 'Config'")
    layer_paths = _texts(entry, "Layers")
    content = read_file(files, path)
    configuration = parse_json(content, path)
    diff_ids = parse_configuration(configuration).diff_ids
    if len(diff_ids) != len(layer_paths):
        raise UnusableImageError(f"its {MANIFEST} has {len(layer_paths)} layers, its configuration {len(diff_ids)}")
    layers, paths = [], {}
    for diff_id, layer_path in zip(diff_ids, layer_paths, strict=True):
        size = files.size(layer_path)
        if size is None:
            raise UnusableImageError(f"it has no file {layer_path}")
        # An archive that is named otherwise is not compressed.
        digest = f"sha256:{layer_path.removeprefix(f'{BLOBS}/')}" if layer_path.startswith(BLOBS) else diff_id
        layers.append(Descriptor(digest=digest, size=size))
        paths[digest] = layer_path
    return ArchivedImage(
        names=_texts(entry, "RepoTags"),
        digest=f"sha256:{hashlib.sha256(content).hexdigest()}",
        configuration=configuration,
        layers=layers,
        paths=paths,
    )


def _texts(entry: Mapping[str, Any], key: str) -> list[str]:
    values = entry.get(key) or []
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise UnusableImageError(f"its {MANIFEST} has an image without a valid list {key!r}")
    return values
