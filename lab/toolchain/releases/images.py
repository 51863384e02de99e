"""Takes programs out of container images; every part of an image is checked against the digest that names it."""

from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path

from lab.toolchain.releases import archives, lock, mirror
from lab.toolchain.releases.artifacts import Image
from lab.toolchain.releases.release_errors import ReleaseError
from support.registry.address import Address
from support.registry.registry_errors import RegistryError
from support.registry.repository import Repository
from support.registry.session import Registry


def registry_url(image: Image) -> str:
    """Return a URL that the registry of an image answers, if only by asking for a login."""
    return f"{Address.of(mirror.repository(image)).api.partition('/v2/')[0]}/v2/"


def take_programs(image: Image, members: Mapping[str, str], folder: Path, advance: Callable[[int], None]) -> str:
    """Put programs of an image into a folder, and return the digest that its tag stands for.

    Args:
        image: The image.
        members: Tools, and the path of each in the image.
        folder: Where to put them; also takes the layers for as long as they are read.
        advance: Called with the size of each piece that is fetched.

    Raises:
        ReleaseError: The image cannot be read, differs from the locked one, or lacks a program.
    """
    address = Address.of(mirror.repository(image))
    try:
        with closing((registry := Registry(address)).connection):
            repository = Repository(registry, address)
            index = repository.manifest(image.tag)
            lock.check(image.name, image.key, index.digest)
            manifest = index.content
            if "manifests" in manifest:
                manifest = repository.manifest(_digest_of_platform(image, manifest["manifests"])).content
            missing = dict(members)
            # An upper layer hides what lies below, and programs lie above the large layers of a base image.
            for layer in reversed(manifest["layers"]):
                if missing:
                    for tool in _take(repository, layer["digest"], missing, folder, advance):
                        del missing[tool]
    except RegistryError as error:
        raise ReleaseError(str(error)) from None
    except (KeyError, TypeError):
        raise ReleaseError(f"{image.name} has a manifest that is not an image's") from None
    if missing:
        raise ReleaseError(f"{image.name} has no {', '.join(missing.values())}")
    return index.digest


def _digest_of_platform(image: Image, manifests: list[dict[str, object]]) -> str:
    for manifest in manifests:
        platform = manifest.get("platform")
        if isinstance(platform, dict) and (platform.get("os"), platform.get("architecture")) == ("linux", "amd64"):
            return str(manifest["digest"])
    raise ReleaseError(f"{image.name} has no image for linux/amd64")


def _take(
    repository: Repository, digest: str, members: Mapping[str, str], folder: Path, advance: Callable[[int], None]
) -> set[str]:
    path = folder / ".layer"
    with path.open("wb") as file:

        def add(chunk: bytes) -> None:
            file.write(chunk)
            advance(len(chunk))

        repository.blob(digest, add)
    copied = archives.take_programs(path, members, folder)
    path.unlink()
    return copied
