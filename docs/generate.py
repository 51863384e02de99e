"""Writes the reference of the configuration from the models; `make docs` runs it, and a test fails when it is stale."""

import typing
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel

from boutique.settings.stack import SECTIONS
from docs.model_docs import default_of, descriptions_of, kind_of, models_in, table_row

TARGET = Path(__file__).parent / "configuration.md"
INTRODUCTION = """# Configuration

Every key of a stack file. It is written by `make docs` from `boutique/settings`; edit that.

A section that is absent is a layer that the stack does not build. Unknown keys are refused.

## `boutique:application`

The application that the stack deploys: the name of a file in the folder `application`, without `.yaml`, or a path that
begins in the project's folder and ends in `.yaml`; `${NAME}` stands for an environment variable. Pulumi.yaml has that
of stacks that name none. A feature takes its environment's. [application-file.md](application-file.md) has the keys of
the file.
"""


def reference() -> str:
    """Return the whole page."""
    parts = [INTRODUCTION]
    for name, annotation in SECTIONS.items():
        for model in models_in(annotation):
            kind = kind_of(model)
            parts.append(f"## `boutique:{name}`{f' ({kind})' if kind else ''}\n\n{model.__doc__}\n")
            if rows := "\n".join(_rows(model, "")):
                parts.append(f"| key | default | what it says |\n|---|---|---|\n{rows}\n")
    return "\n".join(parts)


def _rows(model: type[BaseModel], prefix: str) -> Iterator[str]:
    descriptions = descriptions_of(model)
    for name, field in model.model_fields.items():
        key = f"{prefix}{field.alias or name}"
        if name == "kind":
            continue
        inner = list(models_in(field.annotation))
        yield table_row(f"`{key}`", default_of(field), descriptions[name])
        for part in inner:
            if kind := kind_of(part):
                yield table_row(f"`{key}: {{kind: {kind}}}`", "", part.__doc__ or "")
            yield from _rows(part, f"{key}.<name>." if typing.get_origin(field.annotation) is dict else f"{key}.")


if __name__ == "__main__":
    TARGET.write_text(reference())
