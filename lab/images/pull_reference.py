"""The reference of an image as a pod names it.

Grammar: https://pkg.go.dev/github.com/distribution/reference. Without tag and digest, Kubernetes takes the tag
`latest`: https://kubernetes.io/docs/concepts/containers/images/#image-names
"""

import re
from dataclasses import dataclass
from typing import Self

from lab.images.image_errors import INVALID_NAME, ImagePullError
from support.registry.address import Address
from support.registry.grammar import is_digest, is_tag

_COMPONENT = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_REPOSITORY = re.compile(rf"(?:(?:[A-Za-z0-9.-]+|\[[0-9a-fA-F:]+\])(?::[0-9]+)?/)?{_COMPONENT}(?:/{_COMPONENT})*")
_LONGEST = 255


@dataclass(frozen=True, kw_only=True)
class PullReference:
    """A reference, with everything that Kubernetes adds to it.

    Attributes:
        address: The repository.
        tag: The tag; empty if only a digest is named.
        digest: The digest of a manifest or an index; empty if there is none. It counts more than the tag.
    """

    address: Address
    tag: str
    digest: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a reference.

        Raises:
            ImagePullError: It is none.
        """
        rest, at, digest = text.partition("@")
        # A colon before the last slash belongs to a registry's port.
        head, colon, tail = rest.rpartition(":")
        repository, tag = (head, tail) if colon and "/" not in tail else (rest, "")
        has_tag = repository != rest
        if at and not is_digest(digest):
            raise _invalid(text, f"its digest {digest!r} is not 'sha256:' and 64 hexadecimal digits in lower case")
        if has_tag and not is_tag(tag):
            raise _invalid(text, f"its tag {tag!r} has to be 1 to 128 letters, digits, '.', '_' or '-'")
        if not _REPOSITORY.fullmatch(repository) or len(repository) > _LONGEST:
            raise _invalid(text, "a repository is [registry[:port]/]path in lower case, such as registry.example/shop")
        return cls(address=Address.of(repository), tag=tag or ("" if at else "latest"), digest=digest)

    @property
    def version(self) -> str:
        """What the registry is asked for: the digest, or the tag."""
        return self.digest or self.tag

    @property
    def key(self) -> str:
        """The same text for all references of the same image."""
        return f"{self.address}@{self.digest}" if self.digest else str(self)

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        return f"{self.address}{tag}" + (f"@{self.digest}" if self.digest else "")


def _invalid(text: str, reason: str) -> ImagePullError:
    return ImagePullError(INVALID_NAME, f"{text!r} is no image reference: {reason}")
