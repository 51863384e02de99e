"""Lists the images in the cache, and removes those that no lab uses."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from lab.images.image_records import ImageRecord, ImageRecords
from lab.images.layer_store import LayerStore
from lab.images.store_locks import hold_alone
from support.folder_removal import remove_folder


@dataclass(frozen=True, kw_only=True)
class StoredImage:
    """An image in the cache, for lists.

    Attributes:
        references: Its names; none if a newer image has taken over the last one.
        digest: Of its manifest.
        size: Bytes, unpacked. Images share layers, so their sizes do not add up.
        layers: How many layers it has.
        in_use: Whether a running lab uses it.
    """

    references: tuple[str, ...]
    digest: str
    size: int
    layers: int
    in_use: bool


@dataclass(frozen=True, kw_only=True)
class PruneResult:
    """What was removed from the cache.

    Attributes:
        images: The images.
        size: Bytes of the layers that no other image has.
    """

    images: tuple[StoredImage, ...]
    size: int


def list_images(records: ImageRecords, layers: LayerStore) -> tuple[StoredImage, ...]:
    """Return all complete images, by name."""
    images = []
    for record, names in records.images():
        if all(map(layers.has, record.layers)):
            with records.hold_if_unused(record.digest) as is_unused:
                images.append(describe_image(record, names, layers, in_use=not is_unused))
    return tuple(sorted(images, key=lambda image: (image.references, image.digest)))


def describe_image(
    record: ImageRecord, references: tuple[str, ...], layers: LayerStore, *, in_use: bool
) -> StoredImage:
    """Return an image for lists."""
    return StoredImage(
        references=references,
        digest=record.digest,
        size=sum(layers.summary(diff_id).size for diff_id in record.layers),
        layers=len(record.layers),
        in_use=in_use,
    )


def prune_images(root: Path, waiting: Callable[[], None]) -> PruneResult:
    """Remove all images that no running lab uses, and what killed processes left.

    Args:
        root: The folder of the cache.
        waiting: Called first if another process is adding an image, which is waited for.
    """
    records, layers = ImageRecords(root), LayerStore(root)
    removed, kept = [], set()
    with hold_alone(root / ".lock", waiting), ExitStack() as held:
        for record, names in list(records.images()):
            if held.enter_context(records.hold_if_unused(record.digest)):
                is_complete = all(map(layers.has, record.layers))
                if is_complete:
                    removed.append(describe_image(record, names, layers, in_use=False))
                records.remove(record.digest)
            else:
                kept |= set(record.layers)
        size = layers.remove_others(kept)
        remove_folder(root / "downloads")
    return PruneResult(images=tuple(removed), size=size)
