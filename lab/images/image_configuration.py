"""Reads image configurations: https://github.com/opencontainers/image-spec/blob/v1.1.1/config.md."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lab.images.image_errors import UnusableImageError
from lab.images.image_manifest import architecture
from lab.images.unpacked_image import ImageConfig
from support.registry.grammar import is_digest

_STOP_SIGNAL = "SIGTERM"


@dataclass(frozen=True, kw_only=True)
class ImageConfiguration:
    """The configuration of an image for this machine.

    Attributes:
        config: How the image is run.
        diff_ids: The digests of the unpacked layers, the lowest first.
    """

    config: ImageConfig
    diff_ids: tuple[str, ...]


def parse_configuration(content: object) -> ImageConfiguration:
    """Read an image configuration.

    Raises:
        UnusableImageError: It is none, or is for another platform.
    """
    if not isinstance(content, dict):
        raise UnusableImageError("its configuration is no JSON object")
    # Some builders leave the platform out.
    platform = f"{content.get('os') or 'linux'}/{content.get('architecture') or architecture()}"
    wanted = f"linux/{architecture()}"
    if platform != wanted:
        raise UnusableImageError(f"it is for {platform}, this machine is {wanted}; build it for this platform")
    roots = content.get("rootfs")
    diff_ids = roots.get("diff_ids") if isinstance(roots, dict) else None
    if not isinstance(diff_ids, list) or not all(map(is_digest, diff_ids)):
        raise UnusableImageError("its configuration has no valid list 'rootfs.diff_ids'")
    return ImageConfiguration(config=_config(content.get("config") or {}), diff_ids=tuple(map(str, diff_ids)))


def _config(content: Mapping[str, Any]) -> ImageConfig:
    if not isinstance(content, dict):
        raise UnusableImageError("its configuration has a 'config' that is no JSON object")
    variables = (entry.partition("=") for entry in _texts(content, "Env"))
    return ImageConfig(
        entrypoint=_texts(content, "Entrypoint"),
        command=_texts(content, "Cmd"),
        environment={name: value for name, _, value in variables},
        working_folder=_text(content, "WorkingDir") or "/",
        user=_text(content, "User"),
        stop_signal=_text(content, "StopSignal") or _STOP_SIGNAL,
    )


def _texts(content: Mapping[str, Any], key: str) -> tuple[str, ...]:
    values = content.get(key) or []
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise UnusableImageError(f"its configuration has a 'config.{key}' that is no list of texts")
    return tuple(values)


def _text(content: Mapping[str, Any], key: str) -> str:
    value = content.get(key) or ""
    if not isinstance(value, str):
        raise UnusableImageError(f"its configuration has a 'config.{key}' that is no text")
    return value
