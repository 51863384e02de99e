"""What keeps a registry from being read; each text names the registry and says what to do."""

from support.errors import UserError


class RegistryError(UserError):
    """A registry cannot be read."""


class UnreachableRegistryError(RegistryError):
    """It does not answer, or says that it cannot answer now."""


class UntrustedRegistryError(RegistryError):
    """No encrypted connection to it can be trusted."""


class RefusedLoginError(RegistryError):
    """It does not let these credentials, or nobody without any, read the repository."""


class MissingRepositoryError(RegistryError):
    """It has no such repository."""


class MissingTagError(RegistryError):
    """The repository has no such tag."""


class NoRegistryError(RegistryError):
    """What answers there does not speak like a registry."""
