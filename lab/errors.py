"""The exceptions of the lab that are meant for its user."""


class LabError(Exception):
    """A mistake or a state that the user can mend; its text says how."""
