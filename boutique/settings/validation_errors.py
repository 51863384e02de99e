"""The errors that pydantic finds in a section, in the keys and the words of the stack file."""

import json
import re
import types
import typing
from collections.abc import Mapping

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from boutique.settings.errors import ErrorLine, nearest

_PASSWORD = re.compile(r"//[^/\s\"]*@")
"""The user and the password in an address, which no message repeats."""
_REASONS = {
    "int_type": "must be a whole number",
    "bool_type": "must be true or false",
    "string_type": "must be text (numbers in quotes)",
    "dict_type": "must be a mapping of keys to values",
    "model_type": "must be a mapping of keys to values",
    "model_attributes_type": "must be a mapping of keys to values",
    "tuple_type": "must be a list",
    "missing": "is missing",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "string_too_short": "must not be empty",
    "too_short": "must not be empty",
    "literal_error": "must be {expected}",
}

_CODES = {
    "value_error": "invalid-value",
    "model_type": "dict-type",
    "model_attributes_type": "dict-type",
    "workload": "unknown-service",
}
"""Codes of pydantic's types of errors; the others have the type's own name."""

_RENAMED = {
    "warmFor": "scaleDownDelay",
    "check": "prePromotionCheck",
    "demandExpiry": "requireExpiry",
    "of": "environment",
}
"""New names of keys, by their former ones."""


def explain(place: str, annotation: object, error: ValidationError) -> list[ErrorLine]:
    """Return one line per error of pydantic in one section of a stack file, or in another file.

    Args:
        place: What comes before the path of a key, such as `boutique:platform.` or `application/mine.yaml: `.
        annotation: The type the section was read as.
        error: What reading it raised.
    """
    details = error.errors()
    renamed = {
        (*detail["loc"][:-1], _RENAMED.get(str(detail["loc"][-1])))
        for detail in details
        if detail["type"] == "extra_forbidden"
    }
    # A key under its former name is one error, not also a missing key.
    return [
        _explain(place, annotation, detail)
        for detail in details
        if detail["type"] != "missing" or detail["loc"] not in renamed
    ]


def _explain(place: str, annotation: object, detail: ErrorDetails) -> ErrorLine:
    path, owner, expected_type = _locate(annotation, detail["loc"])
    key = place + ".".join(path) if path else place.rstrip(".: ")
    if detail["type"] == "extra_forbidden":
        if (new := _RENAMED.get(path[-1])) in _keys(owner):
            return ErrorLine("renamed-key", f"{key}: is called {new} now; rename the key")
        return ErrorLine("unknown-key", f"{key}: there is no such key{nearest(path[-1], _keys(owner))}")
    if detail["type"] == "missing":
        return ErrorLine("missing", f"{key}: is missing")
    if detail["type"] in ("union_tag_not_found", "union_tag_invalid"):
        tag = detail.get("ctx", {}).get("tag")
        hint = nearest(str(tag), _unwrap(expected_type)[1])
        if tag in (None, "None"):
            return ErrorLine("missing", f"{key}.kind: is missing{hint}")
        name = key.rpartition(".")[2].removeprefix("boutique:")
        return ErrorLine("unknown-kind", f"{key}.kind: {_shown(tag)} is not a kind of {name}{hint}")
    code = _CODES.get(detail["type"], detail["type"].replace("_", "-"))
    return ErrorLine(code, f"{key}: {_shown(detail['input'])}: {_reason(detail)}")


def _reason(detail: ErrorDetails) -> str:
    text = _REASONS.get(detail["type"])
    return text.format_map(detail.get("ctx", {})) if text else detail["msg"].removeprefix("Value error, ")


def _shown(value: object) -> str:
    text = _PASSWORD.sub("//…@", json.dumps(value, default=str))
    return text if len(text) <= 100 else f"{text[:97]}..."


def _keys(annotation: object) -> list[str]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [field.alias or name for name, field in annotation.model_fields.items()]
    return []


def _locate(annotation: object, location: tuple[int | str, ...]) -> tuple[list[str], object, object]:
    """Return the keys as written in the stack file, the type that holds the last of them, and the type it should be."""
    path: list[str] = []
    owner: object = None
    current = annotation
    for step in location:
        if step == "[key]":
            break
        current, variants = _unwrap(current)
        if step in variants and current is None:
            # pydantic names the chosen variant of a tagged union; the stack file does not.
            current = variants[str(step)]
            continue
        owner, current = current, _inside(current, step)
        path.append(str(step))
    return path, owner, current


def _unwrap(annotation: object) -> tuple[object, Mapping[str, object]]:
    """Return the type without `Annotated` and `| None`; for a tagged union its variants by tag instead."""
    while typing.get_origin(annotation) is typing.Annotated:
        annotation = typing.get_args(annotation)[0]
    if typing.get_origin(annotation) not in (typing.Union, types.UnionType):
        return annotation, {}
    options = [option for option in typing.get_args(annotation) if option is not type(None)]
    if len(options) == 1:
        return _unwrap(options[0])
    return None, {typing.get_args(option.model_fields["kind"].annotation)[0]: option for option in options}


def _inside(annotation: object, step: int | str) -> object:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        for name, field in annotation.model_fields.items():
            if step in (name, field.alias):
                return field.rebuild_annotation()
    arguments = typing.get_args(annotation)
    return arguments[-1 if typing.get_origin(annotation) is dict else 0] if arguments else None
