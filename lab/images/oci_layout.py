"""Finds images in an OCI layout: https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lab.images.archive_files import ArchiveFiles, parse_json, read_file
from lab.images.archived_image import ArchivedImage, blob_path
from lab.images.image_errors import UnusableImageError
from lab.images.image_manifest import choose_platform, is_index, parse_descriptor, parse_manifest

INDEX = "index.json"
_FULL_NAME = "io.containerd.image.name"
_NAME = "org.opencontainers.image.ref.name"


def layout_images(files: ArchiveFiles) -> Iterator[ArchivedImage]:
    """Yield the images of an OCI layout; of one for several platforms, that for this machine.

    Raises:
        UnusableImageError: An image is not usable.
    """
    entries: dict[str, list[Mapping[str, Any]]] = {}
    index = parse_json(read_file(files, INDEX), INDEX)
    descriptors = index.get("manifests") if isinstance(index, dict) else None
    if not isinstance(descriptors, list) or not all(isinstance(entry, dict) for entry in descriptors):
        raise UnusableImageError(f"its {INDEX} has no valid list 'manifests'")
    for descriptor in descriptors:
        entries.setdefault(_name(descriptor), []).append(descriptor)
    for name, manifests in entries.items():
        yield _image(files, [name] if name else [], manifests)


def _name(descriptor: Mapping[str, Any]) -> str:
    """Return the reference of an image; empty if there is only a tag, or nothing."""
    annotations = descriptor.get("annotations")
    if not isinstance(annotations, dict):
        return ""
    name = str(annotations.get(_FULL_NAME) or annotations.get(_NAME) or "")
    return name if "/" in name or ":" in name else ""


def _image(files: ArchiveFiles, names: Sequence[str], manifests: Sequence[Mapping[str, Any]]) -> ArchivedImage:
    is_single = len(manifests) == 1
    digest = parse_descriptor(manifests[0]).digest if is_single else choose_platform({"manifests": manifests})
    content = _blob(files, digest)
    if is_index(content):
        digest = choose_platform(content)
        content = _blob(files, digest)
    manifest = parse_manifest(content)
    return ArchivedImage(
        names=names,
        digest=digest,
        configuration=_blob(files, manifest.configuration.digest),
        layers=manifest.layers,
        paths={layer.digest: blob_path(layer.digest) for layer in manifest.layers},
    )


def _blob(files: ArchiveFiles, digest: str) -> dict[str, Any]:
    content = read_file(files, blob_path(digest))
    actual = f"sha256:{hashlib.sha256(content).hexdigest()}"
    if actual != digest:
        raise UnusableImageError(f"its blob {digest} has the content of {actual}")
    parsed = parse_json(content, blob_path(digest))
    if not isinstance(parsed, dict):
        raise UnusableImageError(f"its blob {digest} is no JSON object")
    return parsed
