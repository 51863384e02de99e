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


def meshed(**mesh: Any) -> dict[str, Any]:
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


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (valid(enviroment={}), ["boutique:enviroment: there is no such key; did you mean 'environment'?"]),
        (
            valid(environment={"replica": 2}),
            ["boutique:environment.replica: there is no such key; did you mean 'replicas'?"],
        ),
        (
            valid(environment={"services": {"frontned": {}}}),
            ['boutique:environment.services.frontned: "frontned": there is no such service; did you mean \'frontend'],
        ),
        (valid(environment={"replicas": "two"}), ['boutique:environment.replicas: "two": must be a whole number']),
        (valid(environment={"replicas": 0}), ["boutique:environment.replicas: 0: must be at least 1"]),
        (valid(environment={"replicas": -3}), ["boutique:environment.replicas: -3: must be at least 1"]),
        (valid(environment={"replicas": True}), ["boutique:environment.replicas: true: must be a whole number"]),
        (
            valid(environment={"services": {"adservice": {"image": {"tag": "1.0+2"}}}}),
            [
                "boutique:environment.services.adservice.image.tag: \"1.0+2\": an image tag cannot hold '+'; "
                "registries write the build metadata of SemVer with '_'"
            ],
        ),
        ({"platform": PLATFORM}, ["boutique:cluster: is missing"]),
        (valid(cluster={"context": "x"}), ["boutique:cluster.kind: is missing; there are: eks, existing, stack"]),
        (
            valid(cluster={"kind": "exist"}),
            ["boutique:cluster.kind: \"exist\" is not a kind of cluster; did you mean 'existing'?"],
        ),
        (valid(cluster={"kind": "existing"}), ["boutique:cluster.context: is missing"]),
        (
            valid(cluster={"kind": "existing", "contxt": "x"}),
            [
                "boutique:cluster.context: is missing",
                "boutique:cluster.contxt: there is no such key; did you mean 'con",
            ],
        ),
        (
            {"cluster": CLUSTER, "platform": {"targets": {"dev": {"namespace": "Dev"}}}},
            ['boutique:platform.targets.dev.namespace: "Dev": must be lower-case'],
        ),
        (
            {"cluster": CLUSTER, "platform": {"targets": {"dev": {"namespace": "n" * 64}}}},
            ['boutique:platform.targets.dev.namespace: "nnnn'],
        ),
        (
            {"cluster": CLUSTER, "platform": {"targets": {"dev": {"namespace": "kube-system"}}}},
            ["boutique:platform.targets.dev.namespace: 'kube-system' is reserved"],
        ),
        (
            {"cluster": CLUSTER, "platform": {**PLATFORM, "dns": {"addresses": ["169.254.20.10/16"]}}},
            ['boutique:platform.dns.addresses.0: "169.254.20.10/16": must be an address such as 169.254.20.10, or a'],
        ),
        (
            {"cluster": CLUSTER, "platform": {**PLATFORM, "dns": {"addresses": ["kube-dns"], "server": {}}}},
            [
                'boutique:platform.dns.addresses.0: "kube-dns": must be an address such as',
                "boutique:platform.dns.server: there is no such key; did you mean 'servers'?",
            ],
        ),
        (
            {"cluster": CLUSTER, "platform": {**PLATFORM, "dns": {"servers": {}}}},
            ["boutique:platform.dns.servers: {}: must not be empty"],
        ),
        (
            {"cluster": CLUSTER, "platform": {**PLATFORM, "dns": {"servers": {"Kube": 53, "coredns": 0}}}},
            [
                'boutique:platform.dns.servers.Kube: "Kube": must be lower-case',
                "boutique:platform.dns.servers.coredns: 0: must be at least 1",
            ],
        ),
        (
            {"cluster": CLUSTER, "platform": {**PLATFORM, "dns": {"domain": "cluster.local."}}},
            ['boutique:platform.dns.domain: "cluster.local.": must be a DNS domain in lower case, without a dot'],
        ),
        (
            valid(environment={"podUser": "openshift"}),
            ["boutique:environment.podUser: \"openshift\": must be 'fixed' or 'cluster'"],
        ),
        (
            {"cluster": CLUSTER, "platform": {"targets": {"a": {"namespace": "x"}, "b": {"namespace": "x"}}}},
            ["boutique:platform.targets: 2 targets share the namespace 'x'"],
        ),
        (
            valid(environment={"target": "dv"}),
            ["boutique:environment.target: 'dv' is not in boutique:platform.targets; "],
        ),
        (
            {"cluster": CLUSTER, "platform": {"targets": {"a": {}, "b": {}}}, "environment": {"replicas": 1}},
            ["boutique:environment.target: is missing; there are: a, b"],
        ),
        ({"cluster": CLUSTER, "environment": {"replicas": 1}}, ["boutique:environment: has no target to go to"]),
        (
            {"cluster": CLUSTER, "environment": {}, "platform": {"enabled": False}},
            ["boutique:environment: has no target to go to"],
        ),
        (
            {"cluster": {"kind": "stack", "name": "s", "target": "t"}, "platform": PLATFORM},
            ["boutique:platform: a stack that deploys into a target of another stack has no rights"],
        ),
        ({"cluster": CLUSTER}, ["boutique:cluster: the stack builds nothing"]),
        (
            valid(environment={"services": {"redis-cart": {"replicas": 2}}}),
            ["boutique:environment.services.redis-cart.replicas: 2: must be 1"],
        ),
        (
            valid(environment={"services": {"frontend": {"enabled": False}}}),
            ["boutique:environment.services.frontend.enabled: others need this service"],
        ),
        (
            valid(environment={"services": {"adservice": {"external": True}}}),
            ["boutique:environment.services.adservice.external: the application names no externalService"],
        ),
        (
            valid(environment={"features": {}}),
            ["boutique:environment.features: testers come in through an ingress; add boutique:platform.ingress"],
        ),
        (
            valid(environment={"services": {"frontend": {"variables": {"AD_SERVICE_ADDR": "elsewhere:1"}}}}),
            ["boutique:environment.services.frontend.variables.AD_SERVICE_ADDR: is set by the application"],
        ),
        (
            valid(environment={"replicas": 3}),
            ["boutique:platform.targets.dev.replicas: 2: leaves no room for the 3 replicas of "],
        ),
        (
            valid(environment={"services": {"adservice": {"resources": {"requests": {"cpu": "5"}}}}}),
            ["boutique:environment.services.adservice.resources.requests.cpu: 5: must not be more than the limit"],
        ),
        (
            valid(environment={"services": {"adservice": {"rollout": {"minReadySeconds": 300}}}}),
            ["boutique:environment.services.adservice.rollout.minReadySeconds: 300: must be less than timeoutSeconds"],
        ),
        (
            valid(
                environment={
                    "rollout": {"minReadySeconds": 300},
                    "services": {"adservice": {"rollout": {"timeoutSeconds": 200}}},
                }
            ),
            [
                "boutique:environment.rollout.minReadySeconds: 300: must be less than timeoutSeconds, which is 300",
                "boutique:environment.services.adservice.rollout.minReadySeconds: 300: must be less than timeout",
            ],
        ),
        (
            valid(environment={"services": {"adservice": {"resources": {"limits": {"cpu": "64Mi", "memory": "1"}}}}}),
            [
                'boutique:environment.services.adservice.resources.limits.cpu: "64Mi": must be cores',
                'boutique:environment.services.adservice.resources.limits.memory: "1": must be bytes',
            ],
        ),
        (
            {"cluster": {"kind": "stack", "name": "s", "target": "t"}, "environment": {}, "registryCredentials": True},
            ["boutique:registryCredentials: belongs to the stack that builds the platform"],
        ),
        (
            valid(environment={"images": {"pullSecrets": "a"}}),
            ['boutique:environment.images.pullSecrets: "a": must be a list'],
        ),
        (valid(cluster="eks"), ['boutique:cluster: "eks": must be a mapping']),
        (valid(cluster={"kind": None}), ["boutique:cluster.kind: is missing"]),
        (
            valid(environment={"rollout": {"maxSurge": "0"}}),
            ['boutique:environment.rollout.maxSurge: "0": must be a whole number of pods from 1 to 99 or a perc'],
        ),
        (
            meshed(charts={"kind": "folders"}),
            ['boutique:platform.mesh.charts.kind: "folders" is not a kind of charts; did'],
        ),
        (meshed(charts={"path": "x"}), ["boutique:platform.mesh.charts.kind: is missing; there are: folder, registry"]),
        (
            meshed(charts={"kind": "folder", "path": "${NOT_SET_ANYWHERE}/charts"}),
            [
                'boutique:platform.mesh.charts.path: "${NOT_SET_ANYWHERE}/charts": the environment variable '
                "NOT_SET_ANYWHERE is not set; for a lab run `eval"
            ],
        ),
        (
            meshed(gatewayApi={"kind": "folder", "path": "/no/such/folder"}),
            ["boutique:platform.mesh.gatewayApi.path: \"/no/such/folder\": there is no folder '/no/such/folder'"],
        ),
        (
            meshed(charts={"kind": "repository", "url": "http://plain"}),
            ['boutique:platform.mesh.charts.url: "http://plain": must be an address that begins with https://'],
        ),
        (
            meshed(charts={"kind": "registry", "url": "ghcr.io/istio"}),
            ['boutique:platform.mesh.charts.url: "ghcr.io/istio": must be an address that begins with oci://'],
        ),
        (meshed(version="1.31"), ['boutique:platform.mesh.version: "1.31": must be one exact version such as 1.31.1']),
        (meshed(egress="all"), ["boutique:platform.mesh.egress: \"all\": must be 'registered' or 'any'"]),
        (meshed(replicas=6), ["boutique:platform.mesh.maxReplicas: 5: must be at least mesh.replicas, which is 6"]),
        (
            {**meshed(), "environment": {"services": {"frontend": {"external": True}}}},
            ["boutique:environment.services.frontend.external: the mesh refuses callers without an identity"],
        ),
    ],
)
def test_a_mistake_names_the_key_the_value_and_the_remedy(values: dict[str, Any], expected: list[str]) -> None:
    found = mistakes(values)
    assert len(found) == len(expected), found
    for line, start in zip(found, expected, strict=True):
        assert line.startswith(start)


def test_all_mistakes_are_told_at_once() -> None:
    values = {
        "cluster": {"kind": "existing"},
        "platform": {"targets": {"Dev": {}}},
        "environment": {"replicas": 0, "services": {"nobody": {}, "redis-cart": {"replicas": "x"}}},
        "other": 1,
    }
    assert len(mistakes(values)) == 6


def test_an_empty_mesh_takes_the_defaults_and_an_absent_one_is_none() -> None:
    with_mesh, without = load(meshed()).platform, load(valid()).platform
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
    platform = load(meshed(charts={"kind": "folder", "path": "${SOMEWHERE}/charts"})).platform
    assert platform
    assert platform.mesh
    assert istio.chart(platform.mesh.charts, "istiod") == (f"{tmp_path}/charts/istiod", None)


def test_callers_from_outside_are_let_in_where_the_mesh_does_not_ask_who_they_are() -> None:
    open_mesh = meshed(policies={"mtls": "permissive", "authorization": False})
    assert load({**open_mesh, "environment": {"services": {"frontend": {"external": True}}}}).environment


def test_a_section_that_cannot_be_read_is_not_called_missing_as_well() -> None:
    assert len(mistakes({**meshed(replicas=0), "environment": {"replicas": 1}})) == 1


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
    found = mistakes(valid(environment={"replicas": "x", "services": services}))
    assert found[0].startswith("boutique:environment.replicas")
    for name in refused:
        assert any(line.startswith(f"boutique:environment.services.{name}") for line in found)
