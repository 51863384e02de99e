"""Writes the reference of the configuration from the models; `make docs` runs it, and a test fails when it is stale."""

import ast
import inspect
import typing
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from boutique.settings.stack import SECTIONS

TARGET = Path(__file__).parent / "configuration.md"
INTRODUCTION = """# Configuration

Every key of a stack file. It is written by `make docs` from `boutique/settings`; edit that.

A section that is absent is a layer that the stack does not build. Unknown keys are refused.
"""


def reference() -> str:
    """Return the whole page."""
    parts = [INTRODUCTION]
    for name, annotation in SECTIONS.items():
        for model in _models(annotation):
            kind = _kind(model)
            parts.append(f"## `boutique:{name}`{f' ({kind})' if kind else ''}\n\n{model.__doc__}\n")
            if rows := "\n".join(_rows(model, "")):
                parts.append(f"| key | default | what it says |\n|---|---|---|\n{rows}\n")
    return "\n".join(parts)


def _rows(model: type[BaseModel], prefix: str) -> Iterator[str]:
    descriptions = _descriptions(model)
    for name, field in model.model_fields.items():
        key = f"{prefix}{field.alias or name}"
        if name == "kind":
            continue
        inner = list(_models(field.annotation))
        yield _row(f"`{key}`", _default(field), descriptions[name])
        for part in inner:
            if kind := _kind(part):
                yield _row(f"`{key}: {{kind: {kind}}}`", "", part.__doc__ or "")
            yield from _rows(part, f"{key}.<name>." if typing.get_origin(field.annotation) is dict else f"{key}.")


def _descriptions(model: type[BaseModel]) -> Mapping[str, str]:
    """Return the text under each attribute of a model, inherited ones included, by the attribute's name.

    Pydantic's `use_attribute_docstrings` reads the same, but at each start of the program and of the command.
    """
    descriptions: dict[str, str] = {}
    for base in reversed(model.__mro__[: model.__mro__.index(BaseModel)]):
        [definition] = ast.parse(inspect.getsource(base)).body
        for attribute, text in pairwise(ast.iter_child_nodes(definition)):
            match attribute, text:
                case ast.AnnAssign(target=ast.Name(name)), ast.Expr(ast.Constant(str(description))):
                    descriptions[name] = inspect.cleandoc(description)
    return descriptions


def _row(*cells: str) -> str:
    """Return a row of a table: a cell has no line breaks, and a `|` in it is escaped, in code as well."""
    return "| " + " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in cells) + " |"


def _models(annotation: object) -> Iterator[type[BaseModel]]:
    """Yield the models inside a type: itself, the options of a union, the values of a mapping."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in typing.get_args(annotation):
        yield from _models(argument)


def _kind(model: type[BaseModel]) -> str:
    """Return which option of a union a model is; empty for one that is no option."""
    return typing.get_args(model.model_fields["kind"].annotation)[0] if "kind" in model.model_fields else ""


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True, validated_data={})
    if isinstance(value, BaseModel) and _kind(type(value)):
        return f"`{{kind: {_kind(type(value))}}}`"
    if value is None or isinstance(value, BaseModel) or value in ({}, ()):
        return ""
    # As a stack file has it.
    if isinstance(value, dict):
        return f"`{{{', '.join(f'{key}: {item}' for key, item in value.items())}}}`"
    if isinstance(value, tuple):
        return f"`[{', '.join(map(str, value))}]`"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


if __name__ == "__main__":
    TARGET.write_text(reference())
