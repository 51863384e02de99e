"""Builds layers and images for tests: archives as registries and `docker save` have them."""

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import zstandard

from lab.images.image_manifest import architecture

OCI_LAYER = "application/vnd.oci.image.layer.v1.tar"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_CONFIGURATION = "application/vnd.oci.image.config.v1+json"


def digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def entry(name: str, kind: bytes = tarfile.REGTYPE, **attributes: Any) -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.type = kind
    made.mode = 0o755 if kind == tarfile.DIRTYPE else 0o644
    made.mtime = 1_700_000_000
    for attribute, value in attributes.items():
        setattr(made, attribute, value)
    return made


Part = tuple[tarfile.TarInfo, bytes] | tuple[str, bytes] | tarfile.TarInfo


def archive(*parts: Part, form: int = tarfile.PAX_FORMAT) -> bytes:
    """Return a tar archive: an entry, or a path and its content."""
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w", format=form, errors="surrogateescape") as tar:
        for part in parts:
            header, content = part if isinstance(part, tuple) else (part, b"")
            header = entry(header) if isinstance(header, str) else header
            header.size = header.size or len(content)
            tar.addfile(header, io.BytesIO(content) if content else None)
    return target.getvalue()


def folder(name: str, **attributes: Any) -> tarfile.TarInfo:
    return entry(name, tarfile.DIRTYPE, **attributes)


def link(name: str, target: str) -> tarfile.TarInfo:
    return entry(name, tarfile.SYMTYPE, linkname=target)


def hard_link(name: str, target: str) -> tarfile.TarInfo:
    return entry(name, tarfile.LNKTYPE, linkname=target)


def compress(content: bytes, compression: str) -> bytes:
    match compression:
        case "gzip":
            return gzip.compress(content, mtime=0)
        case "zstd":
            return zstandard.ZstdCompressor().compress(content)
        case _:
            return content


@dataclass(frozen=True)
class Built:
    """An image as a registry has it.

    Attributes:
        manifest: The manifest.
        blobs: The configuration and the layers, by digest.
    """

    manifest: bytes
    blobs: Mapping[str, bytes]

    @property
    def digest(self) -> str:
        return digest(self.manifest)


def image(
    *layers: bytes,
    compression: str = "gzip",
    config: Mapping[str, Any] | None = None,
    platform: Mapping[str, Any] | None = None,
    changed: Mapping[str, Any] | None = None,
) -> Built:
    """Return an image of unpacked layers.

    Args:
        layers: The archives, the lowest first.
        compression: `gzip`, `zstd`, or nothing.
        config: How it is run.
        platform: `os` and `architecture`, if not those of this machine.
        changed: What the manifest has instead.
    """
    content = {
        "os": "linux",
        "architecture": architecture(),
        **(platform or {}),
        "config": config or {},
        "rootfs": {"type": "layers", "diff_ids": list(map(digest, layers))},
    }
    configuration = json.dumps(content).encode()
    packed = [compress(layer, compression) for layer in layers]
    kind = OCI_LAYER + (f"+{compression}" if compression else "")
    manifest = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": descriptor(configuration, OCI_CONFIGURATION),
        "layers": [descriptor(layer, kind) for layer in packed],
        **(changed or {}),
    }
    return Built(json.dumps(manifest).encode(), {digest(blob): blob for blob in (configuration, *packed)})


def descriptor(content: bytes, media_type: str, **more: Any) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": digest(content), "size": len(content), **more}


def index(*images: tuple[Built, str]) -> bytes:
    """Return an index of images by architecture."""
    manifests = [
        descriptor(built.manifest, OCI_MANIFEST, platform={"os": "linux", "architecture": name})
        for built, name in images
    ]
    return json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": manifests}).encode()


def layout(path: Path, images: Sequence[tuple[Built, Mapping[str, str]]]) -> Path:
    """Write an OCI layout: images with their annotations."""
    blobs = path / "blobs" / "sha256"
    blobs.mkdir(parents=True)
    entries = []
    for built, annotations in images:
        for name, content in {**built.blobs, built.digest: built.manifest}.items():
            (blobs / name.partition(":")[2]).write_bytes(content)
        entries.append(descriptor(built.manifest, OCI_MANIFEST, annotations=dict(annotations)))
    (path / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    (path / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": entries}))
    return path


def pack(folder: Path, target: Path) -> Path:
    """Pack a folder into a tar archive."""
    with tarfile.open(target, "w") as tar:
        for path in sorted(folder.rglob("*")):
            tar.add(path, path.relative_to(folder), recursive=False)
    return target


def docker_archive(target: Path, layers: Sequence[bytes], tags: Sequence[str]) -> Path:
    """Write what `docker save` writes without an OCI layout; a layer that comes twice is a link the second time."""
    content = {
        "os": "linux",
        "architecture": architecture(),
        "config": {"Cmd": ["/app"]},
        "rootfs": {"type": "layers", "diff_ids": list(map(digest, layers))},
    }
    configuration = json.dumps(content).encode()
    parts: list[Part] = [("configuration.json", configuration)]
    paths: dict[bytes, str] = {}
    names = []
    for number, layer in enumerate(layers):
        name = f"{number}/layer.tar"
        parts.append((name, layer) if layer not in paths else link(name, f"../{paths[layer]}"))
        paths.setdefault(layer, name)
        names.append(name)
    manifest = [{"Config": "configuration.json", "RepoTags": list(tags), "Layers": names}]
    parts.append(("manifest.json", json.dumps(manifest).encode()))
    target.write_bytes(archive(*parts))
    return target
