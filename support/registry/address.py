"""The address of a repository: from the name in an image's reference to the registry's API.

The rules are those of the reference grammar: https://pkg.go.dev/github.com/distribution/reference.
"""

from dataclasses import dataclass
from typing import Self

_DOCKER_HUB = "docker.io"
DOCKER_HUB_NAMES = (_DOCKER_HUB, "index.docker.io", "registry-1.docker.io")
_DOCKER_HUB_API = "registry-1.docker.io"
_DOCKER_HUB_LOGIN = "https://index.docker.io/v1/"
"""Under which name `docker login` keeps the credentials of Docker Hub."""

_LOOPBACK = ("localhost", "127.0.0.1", "[::1]")


@dataclass(frozen=True, kw_only=True)
class Address:
    """A repository of a registry.

    Attributes:
        registry: The registry, with its port if it has one; `docker.io` for Docker Hub.
        name: The repository's name there.
    """

    registry: str
    name: str

    @classmethod
    def of(cls, repository: str) -> Self:
        """Return where the repository of a reference is.

        Args:
            repository: As an image reference names it, such as `registry.example:5000/shop/ads`.
        """
        registry, slash, name = repository.partition("/")
        if not slash or not _is_registry(registry):
            registry, name = _DOCKER_HUB, repository
        if registry in DOCKER_HUB_NAMES:
            return cls(registry=_DOCKER_HUB, name=name if "/" in name else f"library/{name}")
        return cls(registry=registry, name=name)

    @property
    def is_local(self) -> bool:
        """Whether it is on this machine: only there a registry is asked without TLS."""
        return is_loopback(self.registry)

    @property
    def api(self) -> str:
        """The URL of the repository in the registry's API."""
        host = _DOCKER_HUB_API if self.registry == _DOCKER_HUB else self.registry
        return f"{'http' if self.is_local else 'https'}://{host}/v2/{self.name}"

    @property
    def login(self) -> str:
        """The name under which Docker's configuration keeps the registry's credentials."""
        return _DOCKER_HUB_LOGIN if self.registry == _DOCKER_HUB else self.registry

    def __str__(self) -> str:
        return f"{self.registry}/{self.name}"


def is_loopback(authority: str) -> bool:
    """Say whether a host, with or without a port, is this machine."""
    return any(authority == name or authority.startswith(f"{name}:") for name in _LOOPBACK)


def _is_registry(component: str) -> bool:
    return (
        component == "localhost" or component != component.lower() or any(character in component for character in ".:")
    )
