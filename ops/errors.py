"""What keeps a command from its work and its user can mend."""

from support.errors import UserError


class OperationError(UserError):
    """A command cannot do what it was asked for; the text says why, and what to do."""


class ClusterError(OperationError):
    """The cluster does not answer, or refuses; the text says what to do."""
