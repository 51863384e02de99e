"""Manifests of images, and indexes of such for several platforms.

https://github.com/opencontainers/image-spec/blob/v1.1.1/manifest.md and image-index.md; Docker's formats of version 2
have the same fields: https://distribution.github.io/distribution/spec/manifest-v2-2/.
"""

import platform
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lab.images.image_errors import UnusableImageError
from support.registry.grammar import is_digest

_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
_CONFIGURATIONS = ("application/vnd.oci.image.config.v1+json", "application/vnd.docker.container.image.v1+json")
_LAYERS = ("application/vnd.oci.image.layer.v1.tar", "application/vnd.docker.image.rootfs.diff.tar")
_FOREIGN_LAYERS = (
    "application/vnd.oci.image.layer.nondistributable.v1.tar",
    "application/vnd.docker.image.rootfs.foreign.diff.tar",
)
_COMPRESSIONS = ("", "+gzip", ".gzip", "+zstd", ".zstd")
_MOST_LAYERS = 500
"""What overlayfs stacks at most: OVL_MAX_STACK in fs/overlayfs/params.h."""


@dataclass(frozen=True, kw_only=True)
class Descriptor:
    """A blob that a manifest names.

    Attributes:
        digest: Of the blob.
        size: In bytes.
    """

    digest: str
    size: int


@dataclass(frozen=True, kw_only=True)
class ImageManifest:
    """A manifest of one platform.

    Attributes:
        configuration: The image configuration.
        layers: The layers as they are transferred, the lowest first.
    """

    configuration: Descriptor
    layers: tuple[Descriptor, ...]

    @property
    def size(self) -> int:
        """Bytes of all layers as they are transferred."""
        return sum(layer.size for layer in self.layers)


def architecture() -> str:
    """Return the name that images have for this machine's architecture."""
    machine = platform.machine()
    return _ARCHITECTURES.get(machine, machine)


def is_index(content: Mapping[str, Any]) -> bool:
    """Say whether JSON is an index, and no manifest."""
    return "manifests" in content


def choose_platform(content: Mapping[str, Any]) -> str:
    """Return the digest of the manifest for this machine in an index.

    Raises:
        UnusableImageError: It has none.
    """
    wanted = ("linux", architecture())
    platforms = []
    for descriptor in _list(content, "manifests"):
        entry = descriptor.get("platform")
        name = (entry.get("os"), entry.get("architecture")) if isinstance(entry, dict) else ("unknown", "unknown")
        if name == wanted:
            return parse_descriptor(descriptor).digest
        platforms.append("/".join(map(str, name)))
    available = ", ".join(sorted({name for name in platforms if name != "unknown/unknown"})) or "no platform at all"
    raise UnusableImageError(
        f"it has no image for {'/'.join(wanted)}, this machine's platform, only for {available}; build it for this one"
    )


def parse_manifest(content: Mapping[str, Any]) -> ImageManifest:
    """Read a manifest.

    Raises:
        UnusableImageError: It is not that of a container image, or has layers of an unknown kind.
    """
    configuration = content.get("config")
    if not isinstance(configuration, dict):
        raise UnusableImageError("its manifest names no image configuration, so it is no container image")
    if configuration.get("mediaType") not in _CONFIGURATIONS:
        raise UnusableImageError(
            f"it is no container image: its configuration is of type {configuration.get('mediaType')!r}"
        )
    layers = _list(content, "layers")
    if len(layers) > _MOST_LAYERS:
        raise UnusableImageError(f"it has {len(layers)} layers; {_MOST_LAYERS} are the most that can be mounted")
    for layer in layers:
        _check_layer(str(layer.get("mediaType")))
    return ImageManifest(
        configuration=parse_descriptor(configuration), layers=tuple(parse_descriptor(layer) for layer in layers)
    )


def parse_descriptor(content: Mapping[str, Any]) -> Descriptor:
    """Read a descriptor.

    Raises:
        UnusableImageError: It has no valid digest or size.
    """
    digest, size = content.get("digest"), content.get("size")
    if not is_digest(digest):
        raise UnusableImageError(f"its manifest names a blob by {digest!r}, which is no digest of SHA-256")
    if not isinstance(size, int) or size < 0:
        raise UnusableImageError(f"its manifest has {size!r} as the size of blob {digest}")
    return Descriptor(digest=str(digest), size=size)


def _check_layer(media_type: str) -> None:
    if any(media_type == kind + compression for kind in _LAYERS for compression in _COMPRESSIONS):
        return
    if media_type.startswith(_FOREIGN_LAYERS):
        raise UnusableImageError(
            f"it has a foreign layer ({media_type}), which its registry does not hand out; build it from another base"
        )
    raise UnusableImageError(f"it has a layer of the unknown type {media_type!r}")


def _list(content: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    entries = content.get(key)
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise UnusableImageError(f"its manifest has no valid list {key!r}")
    return entries
