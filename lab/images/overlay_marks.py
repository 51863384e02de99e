"""What tells overlayfs, mounted with `userxattr`, that a layer removes something below it.

https://docs.kernel.org/filesystems/overlayfs.html#whiteouts-and-opaque-directories
"""

import errno
import os
import posixpath
import stat

from lab.images.image_errors import UnusableImageError


def create_whiteout(root: int, path: str) -> None:
    """Create a whiteout, a device 0/0: since Linux 5.8 that takes no privileges.

    Args:
        root: The folder of the layer, opened.
        path: What is removed, within it.

    Raises:
        UnusableImageError: The file system has no extended attributes.
    """
    try:
        os.mknod(path, stat.S_IFCHR, 0, dir_fd=root)
    except PermissionError:
        # The form that overlayfs takes where devices are forbidden, since Linux 6.7.
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600, dir_fd=root))
        _mark(root, path, "whiteout", b"y")
        _mark(root, posixpath.dirname(path), "opaque", b"x")


def mark_opaque(root: int, folder: str) -> None:
    """Mark a folder as one in which nothing from below is seen.

    Raises:
        UnusableImageError: The file system has no extended attributes.
    """
    _mark(root, folder, "opaque", b"y")


def _mark(root: int, path: str, name: str, value: bytes) -> None:
    # There is no setxattr relative to a folder.
    descriptor = os.open(path or ".", os.O_RDONLY | os.O_NOFOLLOW, dir_fd=root)
    try:
        os.setxattr(descriptor, f"user.overlay.{name}", value)
    except OSError as error:
        if error.errno != errno.ENOTSUP:
            raise
        raise UnusableImageError(
            "a layer removes files of others, which takes a file system with extended attributes; set XDG_CACHE_HOME "
            "to a folder on one"
        ) from None
    finally:
        os.close(descriptor)
