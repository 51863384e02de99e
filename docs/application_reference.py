"""Writes the reference and the JSON schema of an application's file; `make docs` runs it, and a test compares both."""

import json
import typing
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from boutique.application.application import Application
from docs.model_docs import default_of, descriptions_of, models_in, table_row

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "application-file.md"
SCHEMA = ROOT / "application" / "application.schema.json"
_FROM_IMAGES = "image"
"""A key that a workload has to have only where the application's images have no repository."""
_LIMITS = {"ge": "minimum", "le": "maximum"}
_INTRODUCTION = """# The file of an application

Every key of a file in the folder `application`. It is written by `make docs` from `boutique/application`; edit that.
[applications.md](applications.md) says how to get such a file from the manifests that you have.

Unknown keys are refused. An editor with the YAML language server completes and checks the keys: the first line of the
file names the schema, `# yaml-language-server: $schema=application.schema.json`.
"""


def page() -> str:
    """Return the reference: a table for each part of the file."""
    parts, seen = [_INTRODUCTION], {}
    for path, model in _parts(Application, ""):
        if model in seen:
            continue
        seen[model] = path
        rows = "\n".join(_rows(model, seen))
        heading = f"`{path}`" if path else "The application"
        table = f"| key | default | what it says |\n|---|---|---|\n{rows}\n"
        parts.append(f"## {heading}\n\n{model.__doc__}\n\n{table}")
    return "\n".join(parts)


def _rows(model: type[BaseModel], seen: Mapping[type[BaseModel], str]) -> Iterator[str]:
    descriptions = descriptions_of(model)
    for name, field in model.model_fields.items():
        if name not in descriptions:
            continue
        [*inner] = models_in(field.annotation)
        described = "".join(f" Its keys are those of `{seen[part]}`." for part in inner if part in seen)
        default = "" if field.alias == _FROM_IMAGES and model.__name__ == "Workload" else default_of(field)
        yield table_row(f"`{field.alias or name}`", default, descriptions[name] + described)


def _parts(model: type[BaseModel], path: str) -> Iterator[tuple[str, type[BaseModel]]]:
    """Yield a model and all within it, each with the path of the key that holds it."""
    yield path, model
    for name, field in model.model_fields.items():
        holder = {dict: ".<name>", tuple: "[]"}.get(typing.get_origin(field.annotation), "")
        for part in models_in(field.annotation):
            yield from _parts(part, f"{path}.{field.alias or name}{holder}".lstrip("."))


def schema() -> str:
    """Return the JSON schema, with the descriptions of the keys."""
    document = Application.model_json_schema(by_alias=True)
    definitions = document.pop("$defs")
    definitions["Workload"]["required"].remove(_FROM_IMAGES)
    models = {model.__name__: model for _, model in _parts(Application, "")}
    for name, definition in ((Application.__name__, document), *definitions.items()):
        descriptions = descriptions_of(models[name])
        aliases = {field.alias or key: key for key, field in models[name].model_fields.items()}
        for key, content in definition["properties"].items():
            if (field := aliases[key]) in descriptions:
                content["description"] = " ".join(descriptions[field].split())
    whole = {"$schema": "http://json-schema.org/draft-07/schema#", **document, "definitions": definitions}
    return json.dumps(_tidy(whole), indent=2).replace("#/$defs/", "#/definitions/") + "\n"


def _tidy(value: Any) -> Any:  # noqa: ANN401 - any part of a schema
    """Return part of a schema as an editor shows it best: without titles, and without null for an absent key."""
    if isinstance(value, list):
        return [_tidy(item) for item in value]
    if not isinstance(value, dict):
        return value
    options = [option for option in value.get("anyOf", []) if option != {"type": "null"}]
    if len(options) == 1:
        rest = {key: item for key, item in value.items() if key != "anyOf"}
        return _tidy({**options[0], **rest})
    return {
        _LIMITS.get(key, key): _tidy(item)
        for key, item in value.items()
        if not (key == "title" and isinstance(item, str)) and not (key == "default" and not item)
    }


if __name__ == "__main__":
    PAGE.write_text(page())
    SCHEMA.write_text(schema())
