"""Errors that end a command and that its user can fix."""

from support.errors import UserError


class OperationError(UserError):
    """A command cannot run; the message says why, and what to do."""


class ClusterError(OperationError):
    """The API server does not answer, or refuses; the message says what to do."""
