"""The container mode of a lab: whether its pods run images or stand-ins."""

from typing import Literal, get_args

ContainerMode = Literal["auto", "images", "stand-ins"]
"""`auto` runs the image if it is cached or its registry answers, and a stand-in otherwise."""

DEFAULT_MODE: ContainerMode = "auto"


def parse_mode(text: object) -> ContainerMode:
    """Return the recorded container mode; the default for any other text."""
    return next((mode for mode in get_args(ContainerMode) if mode == text), DEFAULT_MODE)
