"""What the models of settings say of themselves: their keys, defaults and descriptions."""

import ast
import inspect
import typing
from collections.abc import Iterator, Mapping
from itertools import pairwise

from pydantic import BaseModel
from pydantic.fields import FieldInfo


def descriptions_of(model: type[BaseModel]) -> Mapping[str, str]:
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


def table_row(*cells: str) -> str:
    """Return a row of a table: a cell has no line breaks, and a `|` in it is escaped, in code as well."""
    return "| " + " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in cells) + " |"


def models_in(annotation: object) -> Iterator[type[BaseModel]]:
    """Yield the models inside a type: itself, the options of a union, the values of a mapping."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in typing.get_args(annotation):
        yield from models_in(argument)


def kind_of(model: type[BaseModel]) -> str:
    """Return which option of a union a model is; empty for one that is no option."""
    return typing.get_args(model.model_fields["kind"].annotation)[0] if "kind" in model.model_fields else ""


def default_of(field: FieldInfo) -> str:
    """Return a key's default as a file has it; empty for none."""
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True, validated_data={})
    if isinstance(value, BaseModel) and kind_of(type(value)):
        return f"`{{kind: {kind_of(type(value))}}}`"
    if value is None or isinstance(value, BaseModel) or value in ({}, ()):
        return ""
    # As a stack file has it.
    if isinstance(value, dict):
        return f"`{{{', '.join(f'{key}: {item}' for key, item in value.items())}}}`"
    if isinstance(value, tuple):
        return f"`[{', '.join(map(str, value))}]`"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"
