"""A project of another name: the same graph, from keys of the same namespace."""

import json
from typing import Any

import pulumi
import pytest
import yaml

from tests.support.graph.graph_recorder import PROJECT, ROOT, Graph, Registered
from tests.support.graph.stack_recordings import Recorder, committed_values, record_stack

OTHER = "shop"


def record_renamed_project(stack: str, **misplaced: str) -> Graph:
    """Record a stack of the renamed project: Pulumi.yaml has the defaults of the keys in the project's namespace."""
    values, secret = committed_values(stack)
    project = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())["config"]
    defaults: dict[str, Any] = {key: setting["default"] for key, setting in project.items() if "default" in setting}
    text = {key: value if isinstance(value, str) else json.dumps(value) for key, value in defaults.items()}
    config = {f"{OTHER}:{key}": value for key, value in {**text, **misplaced}.items()}
    set_in_file = {key: value for key, value in values.items() if value != text.get(key.removeprefix("boutique:"))}
    return record_stack(stack, config=({**config, **set_in_file}, secret), project=OTHER)


def original_urn(resource: Registered) -> str:
    return resource.urn.replace(f"::{OTHER}::", f"::{PROJECT}::", 1)


def test_every_stack_builds_the_same(stack: str, recording_of: Recorder) -> None:
    same, graph = recording_of(stack), record_renamed_project(stack)
    assert {original_urn(resource) for resource in graph.resources} == {resource.urn for resource in same.resources}
    assert {resource.object_name for resource in graph.objects} == {resource.object_name for resource in same.objects}
    assert graph.outputs.keys() == same.outputs.keys()


def test_a_stack_names_that_of_its_target_with_the_projects_name() -> None:
    assert record_renamed_project("dev").outputs["target"] == {"stack": "organization/shop/nonprod", "name": "dev"}


def test_keys_in_the_projects_own_namespace_are_refused_so_that_none_is_ignored() -> None:
    with pytest.raises(pulumi.RunError, match="shop:release: is not read; set boutique:release and remove this key"):
        record_renamed_project("dev", release=json.dumps({"default": "v1.2.3"}))
