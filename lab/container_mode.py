"""Which of both a lab runs for the containers of its pods: images or stand-ins."""

from typing import Literal, get_args

ContainerMode = Literal["auto", "images", "stand-ins"]
"""`auto` runs an image that is in the cache or whose registry answers, and a stand-in else."""

DEFAULT_MODE: ContainerMode = "auto"


def parse_mode(text: object) -> ContainerMode:
    """Return a mode that was written down; the default if it was none."""
    return next((mode for mode in get_args(ContainerMode) if mode == text), DEFAULT_MODE)
