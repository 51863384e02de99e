"""Image references: what may be written, and how settings change the ones of an application.

Grammar: OCI distribution specification 1.1, "Pulling manifests" (tags and digests), and the reference grammar of the
distribution project (repositories).
"""

import re
from dataclasses import dataclass, replace
from typing import Self

_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
_COMPONENT = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_REPOSITORY = re.compile(rf"(?:[A-Za-z0-9.-]+(?::[0-9]+)?/)?{_COMPONENT}(?:/{_COMPONENT})*")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_MAX_LABEL = 63


@dataclass(frozen=True, kw_only=True)
class Reference:
    """An image as `repository[:tag][@digest]`; one of tag and digest is there."""

    repository: str
    tag: str | None = None
    digest: str | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a reference.

        Raises:
            ValueError: The repository, the tag or the digest is not one, or both tag and digest are missing.
        """
        rest, _, digest = text.partition("@")
        # A colon before the last slash belongs to a registry's port.
        head, colon, tail = rest.rpartition(":")
        repository, tag = (head, tail) if colon and "/" not in tail else (rest, "")
        if not tag and not digest:
            raise ValueError(f"{text!r} has neither a tag nor a digest")
        return cls(
            repository=check_repository(repository),
            tag=check_tag(tag) if tag else None,
            digest=check_digest(digest) if digest else None,
        )

    def with_tag(self, tag: str) -> Self:
        """Return the same repository at another tag; the digest belonged to the old one."""
        return replace(self, tag=tag, digest=None)

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        return self.repository + tag + (f"@{self.digest}" if self.digest else "")

    @property
    def name(self) -> str:
        """The last part of the repository."""
        return self.repository.rpartition("/")[2]

    @property
    def version(self) -> str:
        """What this image is known by: its tag, or the start of its digest."""
        return self.tag or (self.digest or "").replace(":", "-")[:19]


def version_of(image: str) -> str:
    """Return the version of an image that anyone may have written; the image itself if it names none."""
    try:
        return Reference.parse(image).version
    except ValueError:
        return image


def check_tag(tag: str) -> str:
    """Return the tag, or raise a ValueError that says what is wrong with it."""
    if _TAG.fullmatch(tag):
        return tag
    if len(tag) > 128:
        raise ValueError(f"an image tag has at most 128 characters, this one has {len(tag)}")
    wrong = sorted(set(re.sub(r"[A-Za-z0-9._-]", "", tag)))
    if "+" in wrong:
        raise ValueError("an image tag cannot hold '+'; registries write the build metadata of SemVer with '_'")
    if wrong:
        raise ValueError(
            f"an image tag cannot hold {', '.join(map(repr, wrong))}; it has letters, digits, '.', '_', '-'"
        )
    raise ValueError("an image tag starts with a letter, a digit or '_' and is not empty")


def check_repository(repository: str) -> str:
    """Return the repository, or raise a ValueError that says what is wrong with it."""
    if not _REPOSITORY.fullmatch(repository):
        raise ValueError(
            "a repository is [registry[:port]/]path in lower case, without tag or digest, such as registry.example/shop"
        )
    return repository


def check_digest(digest: str) -> str:
    """Return the digest, or raise a ValueError that says what is wrong with it."""
    if not _DIGEST.fullmatch(digest):
        raise ValueError("a digest is 'sha256:' and 64 hexadecimal digits in lower case")
    return digest


def label_value(version: str) -> str:
    """Return a version as a label's value: at most 63 characters, with a letter or digit at both ends."""
    return version[:_MAX_LABEL].strip("._-")
