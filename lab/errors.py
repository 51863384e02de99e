"""The exceptions of the lab that are meant for its user."""

from support.errors import UserError


class LabError(UserError):
    """A mistake or a state that the user can mend; its text says how."""
