"""The exceptions of the lab that are meant for its user."""

from support.errors import UserError


class LabError(UserError):
    """An error that the user can fix; its text says how."""
