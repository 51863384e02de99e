"""JSON to dataclasses and back, without a library: a stand-in has to start in a fraction of a second and stay small.

Fields have their names in camel case there, as in the other files that people write.
"""

import re
import types
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")


def decode(kind: type[T], data: object, location: str) -> T:
    """Build a dataclass from what `json.loads` gave.

    Args:
        kind: The dataclass. Its fields may be plain values, literals, optional, tuples, mappings, and further
            dataclasses.
        data: Of the JSON document.
        location: What to call this place in a complaint.

    Raises:
        ValueError: A field is unknown, is missing, or has the wrong type.
    """
    value = _decode(kind, data, location)
    if not isinstance(value, kind):
        raise ValueError(f"{location} is not a {kind.__name__}")
    return value


def decode_fields(kind: type, data: object, location: str) -> dict[str, Any]:
    """Return only the fields of a dataclass that `data` has; for one that refines another.

    Raises:
        ValueError: A field is unknown or has the wrong type.
    """
    if not isinstance(data, dict):
        raise ValueError(f"{location} is {data!r}, which is not a mapping")
    hints, names = get_type_hints(kind), _names(kind, data, location)
    return {
        names[name].name: _decode(hints[names[name].name], value, f"{location}.{name}") for name, value in data.items()
    }


def encode(value: object) -> object:
    """Return what `json.dumps` takes; fields that have their default are left out."""
    if is_dataclass(value) and not isinstance(value, type):
        defaults = {
            field.name: field.default_factory() if field.default_factory is not MISSING else field.default
            for field in fields(value)
        }
        written = {name: getattr(value, name) for name in defaults if getattr(value, name) != defaults[name]}
        return {camel_case(name): encode(content) for name, content in written.items()}
    if isinstance(value, Mapping):
        return {name: encode(content) for name, content in value.items()}
    return [encode(item) for item in value] if isinstance(value, tuple) else value


def camel_case(name: str) -> str:
    """Return the name of a field as documents have it."""
    return re.sub("_([a-z])", lambda match: match[1].upper(), name)


def _decode(hint: object, data: object, location: str) -> object:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return None if data is None else _decode(next(a for a in arguments if a is not types.NoneType), data, location)
    if origin is Literal and data in arguments:
        return data
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
    raise ValueError(f"{location} is {data!r}, which is not {_description(hint)}")


def _instance(kind: type, data: dict[str, object], location: str) -> object:
    for name, field in _names(kind, data, location).items():
        if name not in data and field.default is MISSING and field.default_factory is MISSING:
            raise ValueError(f"{location} lacks {name}")
    return kind(**decode_fields(kind, data, location))


def _names(kind: type, data: dict[str, object], location: str) -> "dict[str, Field[Any]]":
    """Return the fields of a dataclass by their names in documents."""
    names = {camel_case(field.name): field for field in fields(kind)}
    if unknown := sorted(map(str, data.keys() - names.keys())):
        raise ValueError(f"{location} has unknown fields: {', '.join(unknown)}; there are: {', '.join(names)}")
    return names


def _description(hint: object) -> str:
    """Return what a place may hold, in words."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Literal:
        return f"one of {', '.join(map(str, arguments))}"
    if origin is tuple:
        return "a list"
    if origin is Mapping or (isinstance(hint, type) and is_dataclass(hint)):
        return "a mapping"
    plain = {str: "a text", int: "a whole number", float: "a number", bool: "true or false"}
    return plain.get(hint, str(hint)) if isinstance(hint, type) else str(hint)
