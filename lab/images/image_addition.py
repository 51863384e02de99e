"""Brings the layers of an image into the cache, several at once."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from typing import BinaryIO, Protocol

from lab.images.image_manifest import Descriptor
from lab.images.layer_store import LayerStore
from lab.images.pull_progress import PullProgress
from lab.toolchain.releases.background import Background

_AT_ONCE = 4
_TICK = 0.1


@dataclass(frozen=True, kw_only=True)
class LayerBlob:
    """A layer to add.

    Attributes:
        diff_id: The digest of the unpacked archive.
        blob: The archive as it is transferred.
    """

    diff_id: str
    blob: Descriptor


class BlobSource(Protocol):
    """Where the layers of an image come from."""

    def open_blob(self, blob: Descriptor, advance: Callable[[int], object]) -> AbstractContextManager[BinaryIO]:
        """Open a layer's archive; `advance` is called with the size of each piece that is transferred for it."""


class _InterruptedError(Exception):
    """The command was interrupted."""


def add_layers(
    reference: str,
    layers: Sequence[LayerBlob],
    source: BlobSource,
    store: LayerStore,
    progress: Callable[[PullProgress], object],
) -> None:
    """Add the layers that are not in the cache.

    Args:
        reference: The image, for the progress.
        layers: All layers of the image.
        source: Where they come from.
        store: Where they go.
        progress: Called now and then, in the caller's thread.

    Raises:
        UserError: A layer cannot be had; of several errors, the first.
        OSError: A layer cannot be written.
    """
    missing = list({layer.diff_id: layer for layer in layers if not store.has(layer.diff_id)}.values())
    transferred, unpacked = [0] * len(missing), [0] * len(missing)
    failures: list[Exception] = []

    def advance(counters: list[int], number: int, size: int) -> None:
        # The other layers end as the first one that failed: after a full disk, nothing of them is kept either.
        if failures:
            raise failures[0]
        counters[number] += size

    def add(number: int) -> None:
        layer = missing[number]
        open_blob = partial(source.open_blob, layer.blob, partial(advance, transferred, number))
        store.add(layer.diff_id, layer.blob.digest, open_blob, partial(advance, unpacked, number))

    finished = 0
    try:
        for result in Background([partial(add, number) for number in range(len(missing))], _AT_ONCE).results(_TICK):
            if result is not None:
                finished += 1
                if isinstance(error := result[1], Exception):
                    failures.append(error)
            if not failures:
                progress(
                    PullProgress(
                        reference=reference,
                        layers=len(missing),
                        finished=finished,
                        size=sum(layer.blob.size for layer in missing),
                        transferred=sum(transferred),
                        unpacked=sum(unpacked),
                    )
                )
    except BaseException:
        failures.append(_InterruptedError())
        raise
    if failures:
        raise failures[0]
