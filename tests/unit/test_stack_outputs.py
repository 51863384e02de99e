"""The contract of stack outputs: which are accepted, and what is said of those that are not."""

from typing import Any

import pytest
from pulumi.runtime import rpc

from boutique.outputs import (
    SCHEMA_VERSION,
    UNKNOWN,
    VERSION,
    EnvironmentOutputs,
    Origin,
    OutputsError,
    SharedEnvironment,
    TargetOutput,
    read,
    read_own,
    read_target,
)
from ops.features.origin import parse_outputs
from ops.features.stack_state import StackState, parse_export
from ops.pulumi.deployed_stack import StackError, deployed_stack
from ops.releases.service_versions import deployed_release
from support.deadline import Deadline
from support.errors import UserError
from tests.support.online_boutique import CONTRACT
from tests.support.unit.smoke_fakes import deployer
from tests.support.unit.smoke_fakes import outputs as environment_outputs

SECRET = "canary-of-a-session"  # noqa: S105 - a canary
OTHER = "stack 'dev' was deployed by another version of this program; run `pulumi up` there with this one"
KUBECONFIG = deployer(1)
ENTRANCE = {
    "routing": "gateway-api",
    "host": "dev.shop.example.com",
    "port": 443.0,
    "namespace": "istio-ingress",
    "gateway": "ingress",
    "listener": "https",
    "previewListener": "previews",
}
TARGET: dict[str, Any] = {
    "namespace": "dev",
    "kubeconfig": KUBECONFIG,
    "meshed": True,
    "application": "online-boutique",
    "entrance": ENTRANCE,
}
SHARED: dict[str, Any] = {
    "application": CONTRACT,
    "settings": {"features": {}},
    "place": TARGET,
    "secrets": {"key": SECRET},
}
DEPLOYED: dict[str, Any] = {VERSION: SCHEMA_VERSION, "environment": SHARED, "targets": {"dev": TARGET}}


def environment(**changes: Any) -> dict[str, Any]:
    return {**environment_outputs("https://dev.shop.example.com", KUBECONFIG), **changes}


def message(outputs: dict[str, Any]) -> str:
    with pytest.raises(OutputsError) as caught:
        read(SharedEnvironment, "dev", outputs, "environment")
    return str(caught.value)


@pytest.mark.parametrize("version", [SCHEMA_VERSION - 1, SCHEMA_VERSION + 1, "1", None])
def test_another_schema_version_is_refused_by_every_reader_in_the_same_words(version: Any) -> None:
    outputs = {**DEPLOYED, VERSION: version}
    assert message(outputs) == OTHER
    with pytest.raises(OutputsError, match=f"^{OTHER}$"):
        read_target("dev", outputs, "dev")
    with pytest.raises(UserError, match=f"^{OTHER}$"):
        parse_outputs("dev", outputs)
    with pytest.raises(StackError, match=f"^{OTHER}$"):
        deployed_stack("dev", Deadline(1), lambda *_: environment(**{VERSION: version}))
    with pytest.raises(UserError, match=f"^{OTHER}$"):
        deployed_release("dev", environment(**{VERSION: version}))


@pytest.mark.parametrize(
    "change",
    [
        {"another": 1},
        {"settings": {"replica": 3}},
        {"settings": SECRET},
        {"place": {**TARGET, "kubeconfig": SECRET}},
        {"place": {**TARGET, "kubeconfig": '{"clusters": []}'}},
        {"place": {**TARGET, "meshed": "true"}},
        {"place": {**{name: value for name, value in TARGET.items() if name != "meshed"}, "mesh": True}},
        {"place": {**TARGET, "entrance": {**ENTRANCE, "port": "443"}}},
        {"secrets": [SECRET]},
    ],
)
def test_another_shape_is_refused_in_the_same_words_and_shows_no_value(change: dict[str, Any]) -> None:
    assert message({**DEPLOYED, "environment": {**SHARED, **change}}) == OTHER


@pytest.mark.parametrize("value", [UNKNOWN, object(), None])
def test_what_a_targeted_update_left_out_is_named(value: object) -> None:
    unknown = "stack 'dev' does not know its output environment{} yet; run `pulumi up` there"
    place = {**TARGET, "kubeconfig": value}
    if value is None:
        del place["kubeconfig"]
    assert message({**DEPLOYED, "environment": {**SHARED, "place": place}}) == unknown.format(".place.kubeconfig")
    assert message({**DEPLOYED, "environment": value}) == unknown.format("")


def test_one_unknown_target_leaves_the_others() -> None:
    outputs = {**DEPLOYED, "targets": {"dev": TARGET, "test": {**TARGET, "namespace": UNKNOWN}}}
    assert read_target("dev", outputs, "dev") == TargetOutput.model_validate(TARGET)
    assert read_target("dev", outputs, "prod") is None
    with pytest.raises(OutputsError, match=r"does not know its output targets\.test.namespace yet"):
        read_target("dev", outputs, "test")


def test_replicas_that_a_targeted_update_left_out_do_not_matter() -> None:
    outputs = environment()
    outputs["services"]["adservice"]["ready"] = UNKNOWN
    services = read(EnvironmentOutputs, "dev", outputs).services
    assert (services["adservice"].ready, services["frontend"].ready) == (None, 1)


def test_a_stack_that_was_never_deployed_has_no_version_to_complain_of() -> None:
    assert parse_outputs("dev", {}) is None
    assert deployed_release("dev", {}).pins == {}
    with pytest.raises(StackError, match=r"^stack 'dev' was not deployed; name a stack with"):
        deployed_stack("dev", Deadline(1), lambda *_: {})


def test_no_secret_shows() -> None:
    shared = read(SharedEnvironment, "dev", DEPLOYED, "environment")
    target = read_target("dev", {**DEPLOYED, "targets": {"dev": {**TARGET, "features": KUBECONFIG}}}, "dev")
    origin = Origin.of("dev", shared)
    assert origin
    assert target
    assert (origin.secrets, target.features) == ({"key": SECRET}, KUBECONFIG)
    for text in (repr(shared), str(target), repr(origin)):
        assert SECRET not in text
        assert "canary" not in text


def state(section: object, version: int = SCHEMA_VERSION) -> StackState:
    outputs = {VERSION: version, "of": "dev", "feature": section}
    return parse_export("dev-a", {"deployment": {"resources": [{"type": "pulumi:pulumi:Stack", "outputs": outputs}]}})


def test_a_feature_of_any_version_is_updated_if_its_section_has_this_shape() -> None:
    section = {"environment": "dev", "services": {"adservice": {"version": "0.10.7-a.1"}}, "sessions": [SECRET]}
    for version in (SCHEMA_VERSION, SCHEMA_VERSION + 1):
        assert state(section, version).section == section
    with pytest.raises(UserError) as caught:
        _ = state({**section, "another": SECRET}).section
    assert str(caught.value) == OTHER.replace("dev", "dev-a")
    assert state({**section, "another": SECRET}).is_feature("a", "dev"), "it can be removed"


def test_a_stack_reads_its_own_outputs_of_any_version() -> None:
    outputs = {**DEPLOYED, VERSION: SCHEMA_VERSION + 1}
    assert read_own(TargetOutput, "dev", outputs, "targets", "dev") == TargetOutput.model_validate(TARGET)


def test_the_engines_word_for_unknown_is_known() -> None:
    assert rpc.UNKNOWN == UNKNOWN
