"""Reads the documents of a manifest file: YAML as the API server's clients read it, or JSON."""

import json
import re
from typing import Any

import yaml

from boutique.application.manifests.manifest_errors import ManifestError

MAX_BYTES = 5 * 2**20
"""Of one file."""
MAX_VALUES = 1_000_000
"""Values in one document, once its anchors are expanded."""
_MAX_DEPTH = 100
_TEMPLATE = re.compile(r"\{\{")
RENDER_FIRST = "render it first, such as `helm template NAME CHART | boutique application import -`"
"""The remedy for a template in place of a manifest."""


class _DuplicateKeyError(yaml.MarkedYAMLError):
    """A key occurs twice in a mapping."""


def _mapping(loader: Any, node: yaml.MappingNode) -> dict[Any, Any]:  # noqa: ANN401 - the class is chosen at run time
    keys = set()
    for key, _ in node.value:
        if isinstance(key, yaml.ScalarNode) and key.tag != "tag:yaml.org,2002:merge":
            if key.value in keys:
                raise _DuplicateKeyError(problem=f"the key {key.value!r} occurs twice", problem_mark=key.start_mark)
            keys.add(key.value)
    loader.flatten_mapping(node)
    mapping: dict[Any, Any] = loader.construct_mapping(node, deep=True)
    return mapping


def _loader() -> Any:  # noqa: ANN401 - the class is chosen at run time
    """Return a loader of YAML as Kubernetes' clients read it: dates are texts, and no key occurs twice."""
    loader: Any = type("Loader", (getattr(yaml, "CSafeLoader", yaml.SafeLoader),), {})
    loader.add_constructor("tag:yaml.org,2002:map", _mapping)
    loader.yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for first, resolvers in loader.yaml_implicit_resolvers.items()
    }
    return loader


def parse_documents(content: bytes, source: str) -> list[Any]:
    """Return the documents of a file as plain values; empty ones are left out.

    Args:
        content: The file.
        source: What messages call it.

    Raises:
        ManifestError: It is too large, or is neither YAML nor JSON; the message names the line.
    """
    if len(content) > MAX_BYTES:
        raise ManifestError(
            [f"{source}: has {len(content)} bytes; at most {MAX_BYTES} are read; leave out other objects"]
        )
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ManifestError([f"{source}: is not UTF-8, at byte {error.start}; convert it first"]) from None
    documents = _json_documents(text)
    if documents is None:
        documents = _yaml_documents(text, source)
    return [_plain(document, source) for document in documents if document is not None]


def _json_documents(text: str) -> list[Any] | None:
    """Return the values of JSON, one after the other; None if the text is not JSON."""
    if not text.lstrip().startswith(("{", "[")):
        return None
    decoder, values, position = json.JSONDecoder(), [], 0
    try:
        while rest := text[position:].lstrip():
            position = len(text) - len(rest)
            value, position = decoder.raw_decode(text, position)
            values.append(value)
    except (ValueError, RecursionError):
        return None
    return values


def _yaml_documents(text: str, source: str) -> list[Any]:
    try:
        return list(yaml.load_all(text, _loader()))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line if mark else 0
        raise ManifestError([_explain(text, source, line, error.problem or error.context or "is not YAML")]) from None
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        reason = str(error).splitlines()[0] if str(error) else "its parts are nested too deeply"
        raise ManifestError([_explain(text, source, 0, reason)]) from None


def _explain(text: str, source: str, line: int, problem: str) -> str:
    lines = text.splitlines()
    shown = lines[line] if line < len(lines) else ""
    for number, content in enumerate(lines, 1):
        if _TEMPLATE.search(content):
            return f"{source}: line {number}: is a template, not a manifest: {_cut(content)}; {RENDER_FIRST}"
    if "\t" in shown[: len(shown) - len(shown.lstrip())] or "'\\t'" in problem:
        return f"{source}: line {line + 1}: has a tab; YAML is indented with spaces"
    return f"{source}: line {line + 1}: is not YAML: {problem}"


def _cut(line: str) -> str:
    text = line.strip()
    return text if len(text) <= 60 else f"{text[:57]}..."


def _plain(document: object, source: str) -> Any:  # noqa: ANN401 - any document
    """Return a copy without shared parts and fields that are null, and with texts as keys, as in JSON."""
    values = 0

    def copy(value: object, depth: int) -> object:
        nonlocal values
        values += 1
        if values > MAX_VALUES or depth > _MAX_DEPTH:
            raise ManifestError(
                [f"{source}: has more than {MAX_VALUES} values with its anchors (&, *) expanded, or one within itself"]
            )
        if isinstance(value, dict):
            return {_key(key): copy(item, depth + 1) for key, item in value.items() if item is not None}
        if isinstance(value, list | tuple):
            return [copy(item, depth + 1) for item in value if item is not None]
        return value

    return copy(document, 0)


def _key(key: object) -> str:
    return str(key).lower() if isinstance(key, bool) else str(key)
