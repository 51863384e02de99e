"""The errors of reading a registry; each text names the registry and says what to do."""

from support.errors import UserError


class RegistryError(UserError):
    """A registry cannot be read."""


class UnreachableRegistryError(RegistryError):
    """The registry does not answer, or cannot answer now."""


class UntrustedRegistryError(RegistryError):
    """No encrypted connection to the registry can be trusted."""


class RefusedLoginError(RegistryError):
    """The registry does not let these credentials, or anonymous clients, read the repository."""


class MissingRepositoryError(RegistryError):
    """The registry has no such repository."""


class MissingTagError(RegistryError):
    """The repository has no such tag."""


class NoRegistryError(RegistryError):
    """The server at the address does not behave like a registry."""
