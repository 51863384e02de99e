"""An archive of images as builds leave it: an OCI layout or what `docker save` writes, as a folder or a tar archive."""

import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from lab.images.archive_files import ArchiveFiles, FolderFiles, TarFiles
from lab.images.archived_image import ArchivedImage
from lab.images.docker_archive import MANIFEST, docker_images
from lab.images.image_errors import UnusableImageError
from lab.images.image_manifest import Descriptor
from lab.images.layer_streams import DECOMPRESSION_ERRORS, decompressed
from lab.images.oci_layout import INDEX, layout_images
from lab.images.pull_reference import PullReference

_COPIED = 2**20


class ImageArchive:
    """The images of an archive.

    Args:
        files: The files of the archive.

    Raises:
        UnusableImageError: It is no archive of images.
    """

    def __init__(self, files: ArchiveFiles) -> None:
        self._files = files
        # It names the images better where `docker save` writes both.
        if files.size(MANIFEST) is not None:
            self._images = list(docker_images(files))
        elif files.size(INDEX) is not None:
            self._images = list(layout_images(files))
        else:
            raise UnusableImageError(
                f"it has neither {INDEX}, as an OCI layout, nor {MANIFEST}, as `docker save` writes it"
            )
        self._paths = {digest: path for image in self._images for digest, path in image.paths.items()}

    def images(self, name: PullReference | None) -> Sequence[tuple[ArchivedImage, Sequence[PullReference]]]:
        """Return the images, each with its names.

        Args:
            name: The name of the only image, whatever the archive says.

        Raises:
            UnusableImageError: An image has no name, or several would get the same.
            ImagePullError: A name in the archive cannot be parsed.
        """
        if not self._images:
            raise UnusableImageError("it has no image")
        if name is not None:
            if len(self._images) > 1:
                raise UnusableImageError(f"it has {len(self._images)} images, which cannot all be named {name}")
            return [(self._images[0], [name])]
        if not all(image.names for image in self._images):
            raise UnusableImageError(
                "it does not say what its image is called; add --as, for example `--as registry.example/shop/ads:1.2.3`"
            )
        return [(image, list(map(PullReference.parse, image.names))) for image in self._images]

    @contextmanager
    def open_blob(self, blob: Descriptor, advance: Callable[[int], object]) -> Iterator[BinaryIO]:
        """Open the archive of a layer.

        Raises:
            UnusableImageError: It is not there.
        """
        with self._files.open(self._paths[blob.digest]) as file:
            advance(blob.size)
            yield file


@contextmanager
def open_archive(path: Path, folder: Path) -> Iterator[ImageArchive]:
    """Open an archive of images.

    Args:
        path: A folder, or a tar archive that may be compressed by gzip or zstd.
        folder: Takes the decompressed archive for as long as it is open; it is created.

    Raises:
        UnusableImageError: It is none.
        OSError: The decompressed archive cannot be written.
    """
    if path.is_dir():
        yield ImageArchive(FolderFiles(path))
        return
    try:
        file = path.open("rb")
    except OSError as error:
        raise UnusableImageError(f"it cannot be read: {error.strerror}") from None
    with file, decompressed(file) as content:
        if content is file:
            yield ImageArchive(TarFiles(path))
            return
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder) as copy:
            try:
                shutil.copyfileobj(content, copy, _COPIED)
            except DECOMPRESSION_ERRORS as error:
                raise UnusableImageError(f"it cannot be decompressed: {error}") from None
            copy.flush()
            yield ImageArchive(TarFiles(Path(copy.name)))
