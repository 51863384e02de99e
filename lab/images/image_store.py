"""The lab's images: pulled from registries or loaded from archives, and unpacked once."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Self

from lab.images.image_addition import BlobSource, LayerBlob, add_layers
from lab.images.image_archive import open_archive
from lab.images.image_configuration import parse_configuration
from lab.images.image_errors import PULL_FAILED, ImagePullError, UnusableImageError
from lab.images.image_manifest import Descriptor
from lab.images.image_records import ImageRecord, ImageRecords
from lab.images.layer_store import LayerStore
from lab.images.pull_progress import PullProgress, ignore_progress
from lab.images.pull_reference import PullReference
from lab.images.store_locks import share
from lab.images.stored_images import PruneResult, StoredImage, describe_image, list_images, prune_images
from lab.images.unpacked_image import UnpackedImage
from support import paths
from support.errors import UserError
from support.registry.credentials import CredentialSource


class ImageStore:
    """The images below a folder; for several threads and processes at once.

    Args:
        root: The folder; it is created when an image comes in.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._downloads = root / "downloads"
        self._layers = LayerStore(root)
        self._records = ImageRecords(root)

    @classmethod
    def of_user(cls) -> Self:
        """Return the store that all labs of the user share."""
        return cls(paths.images())

    def find(self, reference: str) -> UnpackedImage | None:
        """Return an image that is in the cache; None if it is not. No registry is asked.

        Raises:
            ImagePullError: The reference cannot be parsed.
        """
        record = self._records.named(PullReference.parse(reference))
        return self._unpacked(record) if record and self._is_complete(record) else None

    def pull(
        self,
        reference: str,
        credentials: Sequence[CredentialSource] = (),
        progress: Callable[[PullProgress], object] = ignore_progress,
    ) -> UnpackedImage:
        """Return an image as its registry has it now; only what is not in the cache is fetched.

        Args:
            reference: The image.
            credentials: What may have credentials for the registry, such as the pull secrets of a pod. Each that has
                some is tried until the registry accepts one; the login of `docker login` is the last.
            progress: Called now and then, in the caller's thread.

        Raises:
            ImagePullError: It cannot be had. What has arrived is kept for the next attempt, but nothing half unpacked.
        """
        # httpx takes time and 20 MB, which a process that only finds images does without.
        from lab.images.registry_pull import RegistryPull

        name = PullReference.parse(reference)
        try:
            with share(self._root), closing(RegistryPull(name, credentials, self._downloads)) as source:
                record = self._records.image(source.digest)
                if record is None or not self._is_complete(record):
                    manifest = source.manifest()
                    content = source.configuration(manifest.configuration)
                    record = self._add(reference, source.digest, content, manifest.layers, source, progress)
                self._records.add(record, [name])
                return self._unpacked(record)
        except UnusableImageError as error:
            raise ImagePullError(PULL_FAILED, f"image {reference}: {error}") from None
        except UserError as error:
            raise ImagePullError(PULL_FAILED, str(error)) from None
        except OSError as error:
            raise ImagePullError(PULL_FAILED, f"image {reference}: {self._explain(error)}") from None

    def load(
        self,
        path: Path,
        reference: str = "",
        progress: Callable[[PullProgress], object] = ignore_progress,
    ) -> tuple[StoredImage, ...]:
        """Add the images of an archive, as builds leave it.

        Args:
            path: An OCI layout, as a folder or a tar archive, or what `docker save` writes.
            reference: The image's name, if the archive has none or another; only for an archive with one image.
            progress: Called now and then, in the caller's thread.

        Raises:
            UnusableImageError: The archive, or an image in it, is not usable; images before it are added.
            ImagePullError: A reference cannot be parsed.
        """
        name = PullReference.parse(reference) if reference else None
        loaded = []
        try:
            with share(self._root), open_archive(path, self._downloads) as archive:
                for image, names in archive.images(name):
                    record = self._add(
                        str(names[0]), image.digest, image.configuration, image.layers, archive, progress
                    )
                    self._records.add(record, names)
                    loaded.append(describe_image(record, tuple(map(str, names)), self._layers, in_use=False))
        except UnusableImageError as error:
            raise UnusableImageError(f"{path}: {error}") from None
        except OSError as error:
            raise UnusableImageError(f"{path}: {self._explain(error)}") from None
        return tuple(loaded)

    def images(self) -> tuple[StoredImage, ...]:
        """Return all images, by name."""
        with share(self._root):
            return list_images(self._records, self._layers)

    def prune(self, waiting: Callable[[], None] = lambda: None) -> PruneResult:
        """Remove all images that no running lab uses, and what killed processes left.

        Args:
            waiting: Called first if another process is adding an image, which is waited for.
        """
        return prune_images(self._root, waiting)

    @contextmanager
    def hold(self, image: UnpackedImage) -> Iterator[None]:
        """Keep an image from being pruned, for as long as its layers are mounted.

        Raises:
            ImagePullError: It was removed before.
        """
        with self._records.hold(image.digest) as is_there:
            if not is_there:
                raise ImagePullError(PULL_FAILED, f"image {image.digest} was removed from the cache; pull it again")
            yield

    def _add(
        self,
        reference: str,
        digest: str,
        content: Mapping[str, Any],
        blobs: Sequence[Descriptor],
        source: BlobSource,
        progress: Callable[[PullProgress], object],
    ) -> ImageRecord:
        """Add the layers of an image, and return its record."""
        diff_ids = parse_configuration(content).diff_ids
        if len(diff_ids) != len(blobs):
            raise UnusableImageError(f"its manifest has {len(blobs)} layers, its configuration {len(diff_ids)}")
        layers = [LayerBlob(diff_id=diff_id, blob=blob) for diff_id, blob in zip(diff_ids, blobs, strict=True)]
        add_layers(reference, layers, source, self._layers, progress)
        hiding = [number for number, diff_id in enumerate(diff_ids) if self._layers.summary(diff_id).hides_all]
        return ImageRecord(digest=digest, layers=list(diff_ids[max(hiding, default=0) :]), configuration=content)

    def _is_complete(self, record: ImageRecord) -> bool:
        return all(map(self._layers.has, record.layers))

    def _unpacked(self, record: ImageRecord) -> UnpackedImage:
        return UnpackedImage(
            digest=record.digest,
            layers=tuple(map(self._layers.tree, record.layers)),
            config=parse_configuration(record.configuration).config,
        )

    def _explain(self, error: OSError) -> str:
        return (
            f"it cannot be unpacked below {self._root}: {error.strerror or error}; free some space, for example with "
            "`boutique lab images --prune`, or set XDG_CACHE_HOME to another folder"
        )
