"""Credentials for a registry."""

import base64
from dataclasses import dataclass, field
from typing import Protocol

from support.registry.address import Address


@dataclass(frozen=True, kw_only=True)
class RegistryCredentials:
    """The credentials for one registry; all fields are empty if there are none.

    Attributes:
        description: Where they are from and whose they are, or why there are none; nothing secret.
        user: Whose they are.
        password: The password.
        identity_token: What the token server takes instead of user and password.
        registry_token: What the registry itself takes, without asking a token server.
    """

    description: str
    user: str = ""
    password: str = field(default="", repr=False)
    identity_token: str = field(default="", repr=False)
    registry_token: str = field(default="", repr=False)

    @property
    def is_empty(self) -> bool:
        """Whether there are none."""
        return not (self.user or self.identity_token or self.registry_token)

    @property
    def basic(self) -> str | None:
        """The header of user and password; None without a user."""
        if not self.user:
            return None
        return "Basic " + base64.b64encode(f"{self.user}:{self.password}".encode()).decode()


class CredentialSource(Protocol):
    """Has credentials for registries, as Docker's configuration or a pull secret does."""

    def credentials(self, address: Address) -> RegistryCredentials:
        """Return the credentials for a repository; they may be empty."""
