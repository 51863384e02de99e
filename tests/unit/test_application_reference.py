"""The reference and the schema of an application's file."""

import json
import runpy
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from tests.support.unit.manifest_samples import container, imported, service, workload

ROOT = Path(__file__).parents[2]
SCHEMA = ROOT / "application/application.schema.json"
FILES = [path for path in sorted((ROOT / "application").glob("*.yaml")) if not path.name.endswith(".lab.yaml")]


def errors(content: Any) -> list[str]:
    validator = jsonschema.Draft7Validator(json.loads(SCHEMA.read_text()))
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(content)]


def test_the_reference_and_the_schema_are_fresh() -> None:
    written = runpy.run_path(str(ROOT / "docs/application_reference.py"))
    assert (ROOT / "docs/application-file.md").read_text() == written["page"](), "run `make docs`"
    assert SCHEMA.read_text() == written["schema"](), "run `make docs`"


def test_every_key_is_described() -> None:
    document = json.loads(SCHEMA.read_text())
    for name, definition in {"": document, **document["definitions"]}.items():
        for key, content in definition["properties"].items():
            assert content.get("description"), f"{name}.{key}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_the_schema_accepts_the_committed_files(path: Path) -> None:
    assert errors(yaml.safe_load(path.read_text())) == []


def test_the_schema_accepts_an_imported_file() -> None:
    main = container(
        env=[{"name": "IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}],
        volumeMounts=[{"name": "tmp", "mountPath": "/scratch"}],
        startupProbe={"exec": {"command": ["x"]}},
    )
    pod = {"volumes": [{"name": "tmp", "emptyDir": {"sizeLimit": "1Gi"}}], "securityContext": {"runAsUser": 101}}
    assert errors(imported(workload(containers=[main], **pod), service()).content) == []


def test_the_schema_refuses_what_the_model_refuses() -> None:
    content = yaml.safe_load(FILES[0].read_text())
    content["workload"] = {}
    next(iter(content["workloads"].values()))["ports"] = [{"name": "http", "port": 0}]
    assert len(errors(content)) == 2
