"""Checks fields of Kubernetes objects against those that the API has, and their values by type.

The table of types beside this module is written by `docs/api_fields.py`.
"""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from boutique.settings.errors import nearest
from boutique.settings.quantities import api_amount

_TABLE = Path(__file__).with_suffix(".json")
_TYPES: Mapping[str, tuple[tuple[type, ...], str]] = {
    "string": ((str,), "a text (numbers in quotes)"),
    "boolean": ((bool,), "true or false"),
    "integer": ((int,), "a whole number"),
    "number": ((int, float), "a number"),
    "int-or-string": ((int, str), "a whole number or a text"),
    "object": ((dict,), "a mapping of keys to values"),
}
_QUANTITY, _REQUIRED = "Quantity", "!"


def field_errors(value: object, kind: object, key: str = "", *, is_whole: bool = False) -> Iterator[str]:
    """Yield a line for each field that an object does not have, and for each value of the wrong type.

    A field that is null is as if it were absent.

    Args:
        value: Part of an object.
        kind: Its type: a name in the table such as `PodSpec` or `string`; a list of one type for a list; a mapping of
            the type of each field, where others may be there too, or of `*` for any names.
        key: What messages put before the fields.
        is_whole: Whether fields that every such object has may not be missing.
    """
    if value is None:
        return
    if isinstance(kind, list):
        if not isinstance(value, list):
            yield f"{key}: must be a list"
            return
        for number, item in enumerate(value):
            yield from field_errors(item, kind[0], f"{key}.{number}", is_whole=is_whole)
    elif isinstance(kind, str):
        yield from _plain(value, kind, key) if kind in _TYPES else _named(value, kind, key, is_whole=is_whole)
    elif not isinstance(value, Mapping) or not isinstance(kind, Mapping):
        yield f"{key}: must be a mapping of keys to values"
    else:
        for name, item in value.items():
            if (inner := kind.get(name, kind.get("*"))) is not None:
                yield from field_errors(item, inner, _join(key, name), is_whole=is_whole)


@cache
def _table() -> Mapping[str, Any]:
    table: Mapping[str, Any] = json.loads(_TABLE.read_text())
    return table


def _plain(value: object, kind: str, key: str) -> Iterator[str]:
    types, allowed = _TYPES[kind]
    # To Python, true is a number.
    if not isinstance(value, types) or (isinstance(value, bool) and kind != "boolean"):
        yield f"{key}: {json.dumps(value, default=str)[:60]}: must be {allowed}"


def _named(value: object, kind: str, key: str, *, is_whole: bool) -> Iterator[str]:
    fields = _table()[kind]
    if kind == _QUANTITY:
        yield from _quantity(value, key)
    elif not isinstance(fields, Mapping) or not isinstance(value, Mapping):
        yield from field_errors(value, fields, key, is_whole=is_whole)
    else:
        names = [name for name in fields if name != _REQUIRED]
        for name, item in value.items():
            if name in names:
                yield from field_errors(item, fields[name], _join(key, name), is_whole=is_whole)
            else:
                yield f"{_join(key, name)}: there is no such field{nearest(str(name), names)}"
        for name in fields.get(_REQUIRED, ()) if is_whole else ():
            if value.get(name) is None:
                yield f"{_join(key, name)}: is missing"


def _quantity(value: object, key: str) -> Iterator[str]:
    errors = list(_plain(value, "number" if isinstance(value, float) else "int-or-string", key))
    yield from errors
    try:
        if not errors:
            api_amount(value)
    except ValueError:
        yield f"{key}: {json.dumps(value)[:60]}: must be a quantity such as 100m, 2 or 64Mi"


def _join(key: str, name: object) -> str:
    return f"{key}.{name}" if key else str(name)
