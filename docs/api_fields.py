"""Writes the fields that objects of the Kubernetes API have, from the OpenAPI document of its source.

Run it by hand for another version of Kubernetes: `venv/bin/python docs/api_fields.py SWAGGER.JSON`. Without an argument
it takes the one of the Go module that the lab is built from.
"""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

TARGET = Path(__file__).parents[1] / "boutique" / "application" / "api_fields.json"
ROOTS = (
    "core.v1.PodSpec",
    "core.v1.Container",
    "core.v1.ConfigMap",
    "core.v1.PersistentVolumeClaim",
    "core.v1.Service",
    "core.v1.ServiceAccount",
    "apps.v1.Deployment",
    "apps.v1.StatefulSet",
    "autoscaling.v2.HorizontalPodAutoscaler",
    "networking.v1.Ingress",
    "policy.v1.PodDisruptionBudget",
)
_PREFIX = "io.k8s.api."
_OTHERS = ("status", "managedFields")
"""Fields that the cluster writes, and nothing reads."""


def source() -> Path | None:
    """Return the document in the newest of the downloaded Go modules; None if there is none."""
    folder = subprocess.run(["go", "env", "GOMODCACHE"], capture_output=True, text=True, check=True).stdout.strip()
    files = sorted(Path(folder, "k8s.io").glob("kubernetes@*/api/openapi-spec/swagger.json"))
    return files[-1] if files else None


def document(swagger: Path) -> str:
    """Return the fields of each type within the roots, one type a line; under `!` those that it has to have."""
    definitions = json.loads(swagger.read_text())["definitions"]
    types: dict[str, Any] = {}
    names: dict[str, str] = {}

    def add(name: str) -> str:
        short = name.rpartition(".")[2]
        if names.setdefault(short, name) != name:
            raise ValueError(f"{name} and {names[short]} have one name")
        if short not in types:
            types[short] = {}
            definition = definitions[name]
            fields = definition.get("properties")
            if fields is None:
                types[short] = kind(definition)
                return short
            required = definition.get("required")
            types[short] = {
                **({"!": required} if required else {}),
                **{key: "object" if key in _OTHERS else kind(value) for key, value in fields.items()},
            }
        return short

    def kind(value: Mapping[str, Any]) -> Any:  # noqa: ANN401 - a type's name, or what holds one
        if "$ref" in value:
            return add(value["$ref"].rpartition("/")[2])
        if value["type"] == "array":
            return [kind(value["items"])]
        if value["type"] == "object":
            return {"*": kind(value["additionalProperties"])} if "additionalProperties" in value else "object"
        return "int-or-string" if value.get("format") == "int-or-string" else value["type"]

    for root in ROOTS:
        add(_PREFIX + root)
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(types[name])}" for name in sorted(types))
    return f"{{\n{lines}\n}}\n"


if __name__ == "__main__":
    given = Path(sys.argv[1]) if sys.argv[1:] else source()
    if given is None:
        sys.exit("there is no module k8s.io/kubernetes in Go's cache; name a swagger.json")
    TARGET.write_text(document(given))
