"""Changes keys of a stack's file and keeps every line of all other keys."""

from collections.abc import Mapping
from dataclasses import dataclass
from io import StringIO
from itertools import pairwise
from textwrap import dedent
from typing import Any

import yaml
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import YAMLError
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

from ops.errors import OperationError

_WIDE = 4096
_INDENT = 2


@dataclass(frozen=True)
class _Lines:
    """The position of a key with its value: the first line, the line after the last, and the column."""

    first: int
    end: int
    column: int


def edit_config(text: str, changes: Mapping[str, Any]) -> str:
    """Return the text of a stack's file with other values for some keys of `config`.

    Comments stay, also those beside unchanged parts of a changed value, and so do Unix or Windows line ends and a
    last line without one.

    Args:
        text: The text of the file.
        changes: Values by full key, such as `boutique:release`; None removes the key.

    Raises:
        OperationError: The text is not YAML, or those keys cannot be changed without a change of others.
    """
    new = text
    try:
        for key, value in changes.items():
            new = _edit(new, key, _quote(value))
        matches = _read(new) == _apply(_read(text), changes)
    except YAMLError as error:
        raise OperationError(f"the file cannot be edited: {' '.join(str(error).split())}") from None
    except yaml.YAMLError:
        matches = False
    if not matches:
        raise OperationError(
            f"{', '.join(changes)}: cannot be changed without changing more of the file than that; change it by hand, "
            "or write the file without anchors (&, *) and each key once"
        )
    return new


def _quote(value: Any) -> Any:  # noqa: ANN401 - any YAML
    """Return a value with quotes around strings that YAML 1.1 would not parse as strings, such as off or 1:30."""
    if isinstance(value, Mapping):
        return {key: _quote(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_quote(item) for item in value]
    return DoubleQuotedScalarString(value) if isinstance(value, str) and _needs_quotes(value) else value


def _needs_quotes(text: str) -> bool:
    try:
        return bool(yaml.safe_load(text) != text)
    except yaml.YAMLError:
        return True


def _read(text: str) -> dict[str, Any]:
    content = yaml.safe_load(text) or {}
    return {**content, "config": content.get("config") or {}}


def _apply(content: dict[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    config = {**content["config"], **changes}
    return {**content, "config": {key: value for key, value in config.items() if value is not None}}


def _edit(text: str, key: str, value: Any) -> str:  # noqa: ANN401 - any YAML
    config = _config(text)
    lines = text.splitlines(keepends=True)
    end_of_line = _line_end(lines[0]) if lines else "\n"
    if config is None:
        return _with_line_ends(_rewrite(text, key, value), end_of_line)
    if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, Loader=yaml.SafeLoader)):
        # The lines of one key do not have the values that it shares with others.
        return _with_line_ends(_rewrite(text, key, value, merged=False), end_of_line)
    is_ended = lines[-1].endswith(("\r", "\n"))
    if not is_ended:
        lines[-1] += end_of_line
    span = _find_key(config, key)
    if span is None:
        if value is None:
            return text
        last = _find_key(config, config.value[-1][0].value)
        assert last is not None  # noqa: S101 - it was just read there
        first, end, changed = last.end, last.end, _indent(_dump({key: value}), last.column)
    else:
        first, end, changed = span.first, span.end, ""
        if value is not None:
            changed = _indent(_rewrite("".join(lines[first:end]), key, value, under_config=False), span.column)
        elif len(config.value) == 1:
            changed = _indent("{}\n", span.column)
    changed = _with_line_ends(changed, _line_end(lines[first - 1]))
    new = "".join([*lines[:first], changed, *lines[end:]])
    return new if is_ended else new.removesuffix(_line_end(new.splitlines(keepends=True)[-1]))


def _line_end(line: str) -> str:
    return line[len(line.rstrip("\r\n")) :] or "\n"


def _with_line_ends(text: str, end: str) -> str:
    return "".join(line.rstrip("\r\n") + end for line in text.splitlines(keepends=True))


def _config(text: str) -> yaml.MappingNode | None:
    """Return `config` if it is a mapping with one key per line."""
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    for key, value in root.value if isinstance(root, yaml.MappingNode) else ():
        if key.value == "config" and isinstance(value, yaml.MappingNode) and not value.flow_style and value.value:
            return value
    return None


def _find_key(config: yaml.MappingNode, key: str) -> _Lines | None:
    for key_node, value in config.value:
        if key_node.value == key:
            return _Lines(key_node.start_mark.line, _last_line(key_node, value) + 1, key_node.start_mark.column)
    return None


def _last_line(key: yaml.Node, value: yaml.Node) -> int:
    """Return the last line of a value, without comments after it."""
    if isinstance(value, yaml.CollectionNode) and not value.flow_style and value.value:
        inner = value.value[-1]
        return _last_line(*inner) if isinstance(value, yaml.MappingNode) else _last_line(inner, inner)
    if isinstance(value, yaml.ScalarNode) and value.style in ("|", ">"):
        return int(value.end_mark.line) - 1
    if isinstance(value, yaml.ScalarNode) and not value.value and value.style is None:
        return int(key.end_mark.line)
    return int(value.end_mark.line)


def _rewrite(text: str, key: str, value: Any, *, under_config: bool = True, merged: bool = True) -> str:  # noqa: ANN401
    # `dedent` takes a line that has only \r for a line without indentation.
    text = _with_line_ends(text, "\n")
    reader = _yaml(*_indentation(text))
    document = reader.load(dedent(text)) or CommentedMap()
    mapping = document
    if under_config:
        if not isinstance(document.get("config"), CommentedMap):
            document["config"] = CommentedMap()
        mapping = document["config"]
    if value is None:
        mapping.pop(key, None)
    elif merged and isinstance(mapping.get(key), CommentedMap) and isinstance(value, Mapping):
        _merge(mapping[key], value)
    else:
        mapping[key] = value
    return _dump(document, reader)


def _yaml(indent: int = _INDENT, offset: int = 0) -> YAML:
    reader = YAML()
    reader.preserve_quotes = True
    reader.width = _WIDE
    reader.indent(mapping=indent, sequence=offset + 2, offset=offset)
    return reader


def _indentation(text: str) -> tuple[int, int]:
    """Return the indentation of nested mappings, and of a list's dash under its key."""
    lines = [line for line in dedent(text).splitlines() if line.strip() and not line.lstrip().startswith("#")]
    depths = [len(line) - len(line.lstrip()) for line in lines]
    indent = next((depth for depth in depths if depth), _INDENT)
    for (above, line), (before, depth) in zip(pairwise(lines), pairwise(depths), strict=True):
        if line.lstrip().startswith("- ") and above.rstrip().endswith(":"):
            return indent, depth - before
    return indent, 0


def _merge(old: CommentedMap, new: Mapping[str, Any]) -> None:
    for key in [key for key in old if key not in new]:
        del old[key]
    for key, value in new.items():
        if isinstance(old.get(key), CommentedMap) and isinstance(value, Mapping):
            _merge(old[key], value)
        elif key not in old or old[key] != value:
            old[key] = value


def _dump(document: Any, writer: YAML | None = None) -> str:  # noqa: ANN401 - any YAML
    target = StringIO()
    (writer or _yaml()).dump(document, target)
    return target.getvalue()


def _indent(text: str, column: int) -> str:
    return "".join(" " * column + line if line.strip() else line for line in text.splitlines(keepends=True))
