"""JSON to dataclasses, without a library: a stand-in has to start in a fraction of a second and stay small."""

import types
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from typing import TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")


def decode(kind: type[T], data: object, where: str) -> T:
    """Build a dataclass from what `json.loads` gave.

    Args:
        kind: The dataclass. Its fields may be plain values, optional, tuples, mappings, and further dataclasses.
        data: Of the JSON document.
        where: What to call this place in a complaint.

    Raises:
        ValueError: A field is unknown, is missing, or has the wrong type.
    """
    value = _decode(kind, data, where)
    if not isinstance(value, kind):
        raise ValueError(f"{where} is not a {kind.__name__}")
    return value


def _decode(hint: object, data: object, where: str) -> object:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return None if data is None else _decode(next(a for a in arguments if a is not types.NoneType), data, where)
    if origin is tuple and isinstance(data, list):
        return tuple(_decode(arguments[0], item, f"{where}[{index}]") for index, item in enumerate(data))
    if origin is Mapping and isinstance(data, dict):
        return {key: _decode(arguments[1], item, f"{where}.{key}") for key, item in data.items()}
    if isinstance(hint, type) and is_dataclass(hint) and isinstance(data, dict):
        return _instance(hint, data, where)
    if hint is float and isinstance(data, int | float):
        return float(data)
    if isinstance(hint, type) and type(data) is hint:
        return data
    raise ValueError(f"{where} is {data!r}, which is not of the type {hint}")


def _instance(kind: type, data: dict[str, object], where: str) -> object:
    hints = get_type_hints(kind)
    if unknown := data.keys() - hints.keys():
        raise ValueError(f"{where} has unknown fields: {', '.join(sorted(unknown))}")
    for each in fields(kind):
        if each.name not in data and each.default is MISSING and each.default_factory is MISSING:
            raise ValueError(f"{where} lacks {each.name}")
    return kind(**{name: _decode(hints[name], value, f"{where}.{name}") for name, value in data.items()})
