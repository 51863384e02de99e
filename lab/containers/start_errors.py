"""Why a container cannot be started, in the words of a kubelet."""


class ContainerStartError(OSError):
    """A container that cannot be started.

    Attributes:
        reason: The reason in its status, such as `CreateContainerConfigError`.
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class OverlayRefusedError(ContainerStartError):
    """The kernel does not let ordinary users mount overlays."""

    def __init__(self, message: str) -> None:
        super().__init__("RunContainerError", message)
