"""Finds the address of a callee in the environment of its caller."""

import re
from collections.abc import Mapping

from lab.standins.answers import CallError
from lab.standins.standin_call import StandinCall

_NAME = r"[^\s/:,;@]+"
_REFERENCE = re.compile(r"\{([^{}]*)\}|\$\([^)]*\)")
"""The name of a workload in braces, or another variable that the kubelet puts in."""


def call_address(call: StandinCall, environment: Mapping[str, str]) -> str:
    """Return where a call goes, as `name:port`; empty if its variable is not set.

    Raises:
        CallError: The variable is not written in the form that the call expects.
    """
    if call.variable is None:
        return f"{call.callee}:{call.port}"
    value = environment.get(call.variable, "")
    if call.form is None or not value:
        return value
    match = re.fullmatch(_pattern(call.form, call.callee or ""), value)
    if match is None:
        raise CallError("UNAVAILABLE", f"{call.variable} is {value!r}, which is not of the form {call.form!r}")
    return f"{match['callee']}:{call.port}"


def _pattern(form: str, callee: str) -> str:
    """Return the regular expression of a form; the first place of the callee counts."""
    pattern, end, is_new = "", 0, True
    for reference in _REFERENCE.finditer(form):
        pattern += re.escape(form[end : reference.start()])
        end = reference.end()
        if is_new and reference[1] == callee:
            pattern, is_new = f"{pattern}(?P<callee>{_NAME})", False
        else:
            pattern += ".*" if reference[1] is None else _NAME
    return pattern + re.escape(form[end:])
