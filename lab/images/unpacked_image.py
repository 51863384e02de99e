"""What a container needs of its image."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class ImageConfig:
    """How an image says that it is run: the `config` of the OCI image configuration.

    Attributes:
        entrypoint: The program and its first arguments; empty if the image names none.
        command: The arguments that follow, or the program if there is no entrypoint.
        environment: Variables by name.
        working_folder: The absolute path in which the program starts.
        user: `USER[:GROUP]`, names or numbers; empty for root.
        stop_signal: The signal that asks the program to end, by name or number.
    """

    entrypoint: tuple[str, ...]
    command: tuple[str, ...]
    environment: Mapping[str, str]
    working_folder: str
    user: str
    stop_signal: str


@dataclass(frozen=True, kw_only=True)
class UnpackedImage:
    """An image in the cache.

    Attributes:
        digest: Of the manifest for this platform.
        layers: The folders to mount over each other, the lowest first. They are shared, so nothing may write to them.
        config: How it is run.
    """

    digest: str
    layers: tuple[Path, ...]
    config: ImageConfig
