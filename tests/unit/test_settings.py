"""What a configuration may say, and how every mistake in it is named."""

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boutique.checks.environment import unknown_secrets
from boutique.checks.load import StackSettings
from boutique.mesh import istio
from boutique.settings.errors import SettingsError
from boutique.settings.mesh_settings import ISTIO_VERSION
from boutique.settings.stack import StackCluster
from lab.toolchain import tools
from tests.support.online_boutique import load

CLUSTER = {"kind": "existing", "context": "here"}
PLATFORM = {"targets": {"dev": {}}}


def valid(**sections: Any) -> dict[str, Any]:
    return {"cluster": CLUSTER, "platform": PLATFORM, **sections}


def platform_with_mesh(**mesh: Any) -> dict[str, Any]:
    return {"cluster": CLUSTER, "platform": {**PLATFORM, "mesh": mesh}}


def mistakes(values: dict[str, Any]) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load(values)
    return list(caught.value.errors)


def test_the_smallest_stack_that_deploys_the_shop() -> None:
    settings = load(valid(environment={"replicas": 2}))
    assert isinstance(settings, StackSettings)
    assert settings.environment
    assert settings.environment.replicas == 2


def test_one_secret_that_is_missing_is_one_line() -> None:
    services = {
        name: {"secrets": {"TOKEN": "token"}} for name in ("adservice", "cartservice", "frontend", "emailservice")
    }
    environment = load(valid(environment={"services": services})).environment
    assert environment
    [line] = unknown_secrets(environment, [])
    assert line.code == "unknown-secret"
    assert line.startswith("4 variables of services: 'token' is not in boutique:serviceSecrets; set it with ")
    assert list(unknown_secrets(environment, ["token"])) == []


@pytest.mark.parametrize("absent", [None, {"enabled": False}])
def test_a_section_that_is_switched_off_is_an_absent_one(absent: Any) -> None:
    assert load(valid(environment=absent)).environment is None


def test_an_empty_section_is_one_with_all_defaults() -> None:
    environment = load(valid(environment={})).environment
    assert environment
    assert environment.replicas == 1


@pytest.mark.parametrize("wrong", [False, 0, [], "", "x", 3])
def test_what_is_no_section_is_refused_and_not_taken_for_an_absent_one(wrong: Any) -> None:
    assert mistakes(valid(environment=wrong)) == [
        f"boutique:environment: {json.dumps(wrong)}: must be a mapping of keys to values"
    ]


def test_all_mistakes_are_told_at_once() -> None:
    values = {
        "cluster": {"kind": "existing"},
        "platform": {"targets": {"Dev": {}}},
        "environment": {"replicas": 0, "services": {"nobody": {}, "redis-cart": {"replicas": "x"}}},
        "other": 1,
    }
    assert len(mistakes(values)) == 6


def test_an_empty_mesh_takes_the_defaults_and_an_absent_one_is_none() -> None:
    with_mesh, without = load(platform_with_mesh()).platform, load(valid()).platform
    assert with_mesh
    assert with_mesh.mesh
    assert with_mesh.mesh.version == ISTIO_VERSION
    assert without
    assert without.mesh is None


def test_the_lab_runs_the_minor_version_that_clusters_get() -> None:
    assert ISTIO_VERSION.rpartition(".")[0] == tools.ISTIO_VERSION.rpartition(".")[0]


def test_a_folder_is_named_through_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SOMEWHERE", str(tmp_path))
    for name in ("base", "istiod"):
        (tmp_path / "charts" / name).mkdir(parents=True)
        (tmp_path / "charts" / name / "Chart.yaml").touch()
    platform = load(platform_with_mesh(charts={"kind": "folder", "path": "${SOMEWHERE}/charts"})).platform
    assert platform
    assert platform.mesh
    assert istio.chart(platform.mesh.charts, "istiod") == (f"{tmp_path}/charts/istiod", None)


def test_callers_from_outside_are_let_in_where_the_mesh_does_not_ask_who_they_are() -> None:
    open_mesh = platform_with_mesh(policies={"mtls": "permissive", "authorization": False})
    assert load({**open_mesh, "environment": {"services": {"frontend": {"external": True}}}}).environment


def test_a_section_that_cannot_be_read_is_not_called_missing_as_well() -> None:
    assert len(mistakes({**platform_with_mesh(replicas=0), "environment": {"replicas": 1}})) == 1


def test_a_target_of_another_stack() -> None:
    settings = load({"cluster": {"kind": "stack", "name": "s", "target": "t"}, "environment": {"replicas": 1}})
    assert isinstance(settings.cluster, StackCluster)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), st.lists, max_leaves=3))
def test_whatever_stands_in_a_section_there_is_a_message_and_no_other_exception(value: Any) -> None:
    for section in ("cluster", "platform", "environment"):
        with contextlib.suppress(SettingsError):
            load(valid(**{section: value}))


@given(st.dictionaries(st.sampled_from(["frontend", "adservice", "nobody", ""]), st.dictionaries(st.text(), st.text())))
def test_whatever_stands_in_services_every_mistake_says_where(services: dict[str, Any]) -> None:
    refused = {name for name, keys in services.items() if name not in ("frontend", "adservice") or keys}
    messages = mistakes(valid(environment={"replicas": "x", "services": services}))
    assert messages[0].startswith("boutique:environment.replicas")
    for name in refused:
        assert any(line.startswith(f"boutique:environment.services.{name}") for line in messages)
