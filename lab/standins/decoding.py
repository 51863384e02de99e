"""JSON to dataclasses, without a library: a stand-in has to start in a fraction of a second and stay small."""

import types
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from typing import TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")


def decode(kind: type[T], data: object, location: str) -> T:
    """Build a dataclass from what `json.loads` gave.

    Args:
        kind: The dataclass. Its fields may be plain values, optional, tuples, mappings, and further dataclasses.
        data: Of the JSON document.
        location: What to call this place in a complaint.

    Raises:
        ValueError: A field is unknown, is missing, or has the wrong type.
    """
    value = _decode(kind, data, location)
    if not isinstance(value, kind):
        raise ValueError(f"{location} is not a {kind.__name__}")
    return value


def _decode(hint: object, data: object, location: str) -> object:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return None if data is None else _decode(next(a for a in arguments if a is not types.NoneType), data, location)
    if origin is tuple and isinstance(data, list):
        return tuple(_decode(arguments[0], item, f"{location}[{index}]") for index, item in enumerate(data))
    if origin is Mapping and isinstance(data, dict):
        return {key: _decode(arguments[1], item, f"{location}.{key}") for key, item in data.items()}
    if isinstance(hint, type) and is_dataclass(hint) and isinstance(data, dict):
        return _instance(hint, data, location)
    if hint is float and isinstance(data, int | float):
        return float(data)
    if isinstance(hint, type) and type(data) is hint:
        return data
    raise ValueError(f"{location} is {data!r}, which is not of the type {hint}")


def _instance(kind: type, data: dict[str, object], location: str) -> object:
    hints = get_type_hints(kind)
    if unknown := data.keys() - hints.keys():
        raise ValueError(f"{location} has unknown fields: {', '.join(sorted(unknown))}")
    for field in fields(kind):
        if field.name not in data and field.default is MISSING and field.default_factory is MISSING:
            raise ValueError(f"{location} lacks {field.name}")
    return kind(**{name: _decode(hints[name], value, f"{location}.{name}") for name, value in data.items()})
