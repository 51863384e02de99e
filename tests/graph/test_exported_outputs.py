"""What the program exports is what its models describe: for each of the committed stacks."""

import json
from typing import Any

import pytest

from boutique.outputs import (
    BLUE_GREEN,
    ENVIRONMENT,
    FEATURE,
    SCHEMA_VERSION,
    TARGETS,
    VERSION,
    EnvironmentOutputs,
    FeatureOutputs,
    PlatformOutputs,
    SharedEnvironment,
    read,
    read_blue_green,
)
from tests.support.graph.clear_text import SECRET, SIGNATURE
from tests.support.graph.graph_recorder import Graph, clear
from tests.support.graph.stack_recordings import Recorder, committed_values, content, deployable, record_stack

MODELS = {"platform": PlatformOutputs, "environment": EnvironmentOutputs, "feature": FeatureOutputs}
SECRETS = {TARGETS, ENVIRONMENT, FEATURE, BLUE_GREEN}


def layers(stack: str) -> set[str]:
    sections = {key.removeprefix("boutique:") for key in content(stack)["config"]}
    return sections & MODELS.keys()


@pytest.mark.parametrize("stack", deployable())
def test_the_outputs_of_a_stack_are_read_as_they_were_exported(stack: str, recording_of: Recorder) -> None:
    graph = recording_of(stack)
    outputs = clear(graph.outputs)
    names = {VERSION}
    for layer in layers(stack):
        model = MODELS[layer]
        exported = read(model, stack, outputs)
        described = {str(field.alias): name for name, field in model.model_fields.items()}
        names |= described.keys()
        assert {alias: value for alias, value in exported.dump().items() if alias != FEATURE} == {
            alias: value
            for alias, value in outputs.items()
            if alias in described and alias != FEATURE and value is not None
        }
    if "environment" in layers(stack):
        shared = read(SharedEnvironment, stack, outputs, ENVIRONMENT)
        assert shared.dump() == outputs[ENVIRONMENT]
        assert read_blue_green(outputs[BLUE_GREEN]) is not None
        names |= {ENVIRONMENT, BLUE_GREEN}
    assert outputs.keys() | {"certificate", "channel", "expires"} & names == names
    assert outputs[VERSION] == SCHEMA_VERSION


@pytest.mark.parametrize("stack", deployable())
def test_secret_outputs_are_secret_as_a_whole(stack: str, recording_of: Recorder) -> None:
    for name in SECRETS & recording_of(stack).outputs.keys():
        assert recording_of(stack).outputs[name][SIGNATURE] == SECRET, name


def test_a_feature_of_a_key_alone_has_outputs_that_can_be_read() -> None:
    config, secret = committed_values("dev-new-ads")
    section = json.loads(config["boutique:feature"])
    services = {name: {"version": f"0.10.7-{name}.1"} for name in ("adservice", "frontend")}
    config["boutique:feature"] = json.dumps({**section, "branch": None, "key": "some", "services": services})
    outputs = clear(record_stack("dev-new-ads", config=(config, secret)).outputs)
    feature = read(FeatureOutputs, "dev-new-ads", outputs)
    assert (feature.key, feature.branch, feature.feature.key) == ("some", None, "some")


def test_a_preview_tells_what_is_known_already() -> None:
    graph: Graph = record_stack("local", built=False, preview=True)
    outputs: dict[str, Any] = clear(graph.outputs)
    assert outputs["routes"]
    assert {service["version"] for service in outputs["services"].values()}
    assert outputs[VERSION] == SCHEMA_VERSION
