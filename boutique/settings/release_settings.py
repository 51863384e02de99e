"""A release: which version of each service an environment runs."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Self

from pydantic import Field, PlainSerializer

from boutique.names import image_reference
from boutique.names.image_reference import Reference
from boutique.settings.fields import Section, WorkloadName, parse_with


@dataclass(frozen=True, kw_only=True)
class Pin:
    """The version of one service, written `tag`, `tag@digest` or `@digest`; one of the two is there."""

    tag: str | None = None
    digest: str | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a version.

        Raises:
            ValueError: The tag or the digest is none, or both are missing.
        """
        tag, at, digest = text.partition("@")
        if not tag and not at:
            raise ValueError("a version is the tag of an image, its digest (@sha256:…) or both (tag@sha256:…)")
        return cls(
            tag=image_reference.check_tag(tag) if tag else None,
            digest=image_reference.check_digest(digest) if at else None,
        )

    @classmethod
    def parse_tag(cls, text: str) -> Self:
        """Read a version without a digest.

        Raises:
            ValueError: It is not the tag of an image.
        """
        return cls(tag=image_reference.check_tag(text))

    @classmethod
    def of(cls, image: Reference) -> Self:
        """Return the version of an image."""
        return cls(tag=image.tag, digest=image.digest)

    def apply_to(self, image: Reference) -> Reference:
        """Return the same repository at this version."""
        return replace(image, tag=self.tag, digest=self.digest)

    def __str__(self) -> str:
        return (self.tag or "") + (f"@{self.digest}" if self.digest else "")


PinField = Annotated[Pin, parse_with(Pin, Pin.parse), PlainSerializer(str)]
TagPin = Annotated[Pin, parse_with(Pin, Pin.parse_tag), PlainSerializer(str)]


class Release(Section):
    """Which version of each service an environment runs; what it does not name runs what the application says."""

    enabled: bool = True
    """False is as if the section were not there."""

    default: TagPin | None = None
    """The version of all services whose images are published together."""
    services: dict[WorkloadName, PinField] = Field(default_factory=dict)
    """The versions of single services, by name: `tag`, `tag@sha256:…`, or `@sha256:…` alone."""

    def pin(self, name: str, *, own_image: bool) -> Pin | None:
        """Return the version of a workload; None if the release says nothing of it.

        Args:
            name: The name of the workload.
            own_image: Whether others publish its image, so that the version of all services does not apply.
        """
        if own := self.services.get(name):
            return own
        return None if own_image else self.default


def release_of(pins: Mapping[str, Pin], together: Collection[str]) -> Release:
    """Return the release with these versions, written as short as it can be.

    Args:
        pins: Versions by the name of the workload; the others have none unless all those whose images are
            published together are named.
        together: The names of all workloads whose images are published together.
    """
    tags = Counter(pins[name].tag for name in together if name in pins and not pins[name].digest)
    tags.pop(None, None)
    common = Pin(tag=tags.most_common(1)[0][0]) if tags else None
    default = common if all(name in pins for name in together) else None
    return Release(
        default=default,
        services={
            name: pin for name, pin in sorted(pins.items()) if not (default and name in together and pin == default)
        },
    )


@dataclass(frozen=True, kw_only=True)
class Change:
    """What becomes of one service; None for a version where it does not run."""

    service: str
    old: Pin | None
    new: Pin | None


def difference(old: Mapping[str, Pin], new: Mapping[str, Pin]) -> tuple[Change, ...]:
    """Return what differs between two sets of versions, by the name of the service."""
    return tuple(
        Change(service=name, old=old.get(name), new=new.get(name))
        for name in sorted({*old, *new})
        if old.get(name) != new.get(name)
    )
