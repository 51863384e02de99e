"""The base of all errors that a command shows in one line, without a stack trace."""


class UserError(Exception):
    """An error that the user can fix; its text says how."""
