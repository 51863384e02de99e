"""Writes the reference of `<application>.lab.yaml`: `make docs` runs it, and a test fails when it is stale."""

import inspect
import re
from collections.abc import Iterator
from dataclasses import MISSING, Field, fields
from pathlib import Path
from typing import Any

from lab.standins.behaviour import Behaviour, Cookie, Method, ServedPort, Site, StandinRoute
from lab.standins.decoding import camel_case
from lab.standins.journeys import Journey, Load, Visit
from lab.standins.standin_call import StandinCall, Worker

TARGET = Path(__file__).parent / "generated/stand-ins.md"
INTRODUCTION = """# Keys of `<application>.lab.yaml`

It is written by `make docs` from `lab/standins`; edit that. [stand-ins.md](../stand-ins.md) says what the file is for.

`workloads` has the names of workloads, each with the keys of `Behaviour`: a key that is given takes the place of what
is derived from the application. Under `definitions` anything may stand that `workloads` refers to by YAML's anchors.
"""
KINDS: tuple[type[Any], ...] = (
    *(Behaviour, ServedPort, Method, Site, StandinRoute, Cookie, StandinCall),
    *(Worker, Load, Journey, Visit),
)


def document() -> str:
    """Return the whole page."""
    parts = [INTRODUCTION]
    for kind in KINDS:
        summary, _, attributes = (inspect.getdoc(kind) or "").partition("\n\nAttributes:\n")
        described = dict(_attributes(attributes))
        rows = "\n".join(
            f"| `{camel_case(field.name)}` | {_default(field)} | {described[field.name]} |" for field in fields(kind)
        )
        parts.append(f"## `{kind.__name__}`\n\n{summary}\n\n| key | default | what it says |\n|---|---|---|\n{rows}\n")
    return "\n".join(parts)


def _attributes(text: str) -> Iterator[tuple[str, str]]:
    for entry in re.split(r"\n(?=    \w)", text):
        name, _, description = entry.strip().partition(": ")
        yield name, " ".join(description.split()).replace("|", "\\|")


def _default(field: "Field[Any]") -> str:
    if field.default is MISSING and field.default_factory is MISSING:
        return "required"
    value = field.default if field.default is not MISSING else None
    if value is None or value == ():
        return ""
    if isinstance(value, tuple):
        return f"`[{', '.join(value)}]`"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


if __name__ == "__main__":
    TARGET.write_text(document())
