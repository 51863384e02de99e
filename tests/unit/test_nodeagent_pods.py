import asyncio
import json
import socket
from pathlib import Path
from typing import Any

import pytest

from lab.container_mode import ContainerMode
from lab.nodeagent import commands
from lab.nodeagent.capture_settings import CaptureSettings, capture_settings
from lab.nodeagent.commands import PodPrograms
from lab.nodeagent.image_source import ImageSource
from lab.nodeagent.pod_assignment import is_handed_over, is_of_mesh, needs_node, runs_images
from lab.nodeagent.pods import containers, environment, expand, quantity
from lab.nodeagent.proxy_bootstrap import bootstrap_override

PROGRAMS = PodPrograms(
    Path("/t"), Path("/e/envoy"), Path("/b.json"), ("run", "--ports={ports}", "{workload}@{version}")
)
SERVICES = Path("/services.json")


def pod(**changes: Any) -> dict[str, Any]:
    env = [
        {"name": "POD_NAMESPACE", "valueFrom": {"fieldRef": {"fieldPath": "metadata.namespace"}}},
        {"name": "INSTANCE_IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
        {"name": "TIER", "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels['tier.io/name']"}}},
        {"name": "CPUS", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu", "divisor": "1"}}},
        {"name": "MEMORY", "valueFrom": {"resourceFieldRef": {"resource": "limits.memory"}}},
        {"name": "PROXY_CONFIG", "value": '{"drainDuration": "45s"}\n'},
        {"name": "FROM_ELSEWHERE", "valueFrom": {"secretKeyRef": {"name": "a", "key": "b"}}},
    ]
    proxy = {
        "name": "istio-proxy",
        "restartPolicy": "Always",
        "args": ["proxy", "sidecar", "--domain", "$(POD_NAMESPACE).svc.cluster.local"],
        "env": env,
        "resources": {"limits": {"cpu": "1500m", "memory": "1Gi"}},
    }
    init = {"name": "istio-init", "args": ["istio-iptables", "-p", "15001", "-d", "15090,15021,15020"]}
    server = {"name": "server", "image": "registry:5000/ads:1.2.3", "ports": [{"containerPort": 9555}]}
    return {
        "metadata": {
            "name": "ads-1",
            "namespace": "shop",
            "labels": {"app": "ads", "tier.io/name": "back"},
            "annotations": {"sidecar.istio.io/status": "{}"},
        },
        "spec": {"initContainers": [init, proxy], "containers": [server]},
        "status": {"podIP": "10.244.0.7"},
        **changes,
    }


def test_sidecars_come_first_and_what_only_initializes_does_not_stay() -> None:
    assert [(one.name, one.kind, one.sidecar) for one in containers(pod())] == [
        ("istio-proxy", "proxy", True),
        ("server", "app", False),
    ]


def test_pods_of_the_mesh_are_those_with_a_proxy_and_the_control_plane() -> None:
    assert is_of_mesh(pod())
    assert is_of_mesh(pod(spec={"containers": [{"name": "istio-proxy"}]})), "a gateway"
    others = {"containers": [{"name": "server"}]}
    assert is_of_mesh(pod(spec=others, metadata={"labels": {"app": "istiod"}}))
    assert not is_of_mesh(pod(spec=others))


def test_only_a_pod_without_a_proxy_is_handed_over() -> None:
    handed = {"annotations": {"boutique.dev/lab-runner": "kwok"}}
    others = {"containers": [{"name": "server"}]}
    assert is_handed_over(pod(spec=others, metadata=handed))
    assert not is_handed_over(pod(spec=others))
    assert not is_handed_over(pod(metadata=handed))


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({}, False),
        ({"hostNetwork": False, "volumes": [{"name": "a", "emptyDir": {}}]}, False),
        ({"hostNetwork": True}, True),
        ({"hostPID": True}, True),
        ({"volumes": [{"name": "a", "hostPath": {"path": "/"}}]}, True),
    ],
)
def test_a_pod_that_needs_a_node_is_known_by_its_spec(spec: dict[str, Any], expected: bool) -> None:
    assert needs_node(pod(spec=spec)) is expected


@pytest.mark.parametrize(
    ("mode", "spec", "expected"),
    [
        ("images", {}, True),
        ("images", {"hostNetwork": True}, False),
        ("stand-ins", {}, False),
        ("auto", {}, False),
    ],
)
def test_a_pod_without_a_proxy_runs_if_its_images_are_wanted_and_can_be_had(
    tmp_path: Path, mode: ContainerMode, spec: dict[str, Any], expected: bool
) -> None:
    source = ImageSource(lambda: mode, tmp_path / "none", tmp_path / "none.sock")
    plain = pod(spec={"containers": [{"name": "server", "image": "registry.invalid/x:1"}], **spec})
    assert asyncio.run(runs_images(plain, source)) is expected


def test_environment_is_what_a_container_would_see() -> None:
    found = environment(containers(pod())[0], pod())
    assert found == {
        "POD_NAMESPACE": "shop",
        "INSTANCE_IP": "10.244.0.7",
        "TIER": "back",
        "CPUS": "2",
        "MEMORY": "1073741824",
        "PROXY_CONFIG": '{"drainDuration": "45s"}\n',
    }


@pytest.mark.parametrize(
    ("text", "expected"), [("$(A)-$(B)", "1-$(B)"), ("$$(A)", "$(A)"), ("$A", "$A"), ("a$(A)$(A)", "a11")]
)
def test_variables_are_expanded_as_by_a_kubelet(text: str, expected: str) -> None:
    assert expand(text, {"A": "1"}) == expected


@pytest.mark.parametrize(("text", "expected"), [("2", 2), ("500m", 0.5), ("128Mi", 134217728), ("1.5G", 1.5e9)])
def test_quantities(text: str, expected: float) -> None:
    assert quantity(text) == expected


def test_redirection_follows_what_the_init_container_was_told() -> None:
    assert capture_settings(pod()) == CaptureSettings(excluded_inbound_ports=(15020, 15021, 15090))
    assert capture_settings(pod(spec={"containers": []})) is None
    flags = ["-i", "10.96.0.0/16,fd00::/8", "-x", "10.96.0.9/32", "-o", "6379,25", "-q", "80", "-b", "8080", "-d", ""]
    changed = pod(spec={"initContainers": [{"name": "istio-validation", "args": flags}]})
    assert capture_settings(changed) == CaptureSettings(
        inbound_ports=(8080,),
        outbound_ranges=("10.96.0.0/16",),
        excluded_outbound_ranges=("10.96.0.9/32",),
        outbound_ports=(80,),
        excluded_outbound_ports=(25, 6379),
    )


def test_agent_is_started_as_injected_and_finds_istiod_without_dns() -> None:
    found = commands.start(containers(pod())[0], pod(), PROGRAMS, SERVICES)
    assert found.command == (
        "/t/pilot-agent",
        *("proxy", "sidecar", "--domain", "shop.svc.cluster.local"),
        "--templateFile=/b.json",
    )
    assert found.variables["CA_ADDR"] == "10.244.255.254:15012"
    assert found.variables["ISTIO_BOOTSTRAP_OVERRIDE"] == "bootstrap-override.json"
    configuration = json.loads(found.variables["PROXY_CONFIG"])
    assert configuration == {
        "drainDuration": "45s",
        "discoveryAddress": "10.244.255.254:15012",
        "binaryPath": "/e/envoy",
        "configPath": "./etc/istio/proxy",
        "concurrency": 1,
    }


def test_the_proxy_marks_its_connections() -> None:
    (option,) = json.loads(bootstrap_override())["cluster_manager"]["upstream_bind_config"]["socket_options"]
    assert (option["level"], option["name"], option["int_value"]) == (socket.SOL_SOCKET, socket.SO_MARK, 1337)


def test_istiod_is_started_as_its_chart_says_with_a_way_to_the_api_server() -> None:
    env = [{"name": "KUBECONFIG", "value": "/elsewhere"}, {"name": "ISTIOD_CUSTOM_HOST", "value": "a.example"}]
    discovery = {"name": "discovery", "args": ["discovery", "--monitoringAddr=:15014"], "env": env}
    istiod = pod(spec={"containers": [discovery]}, metadata={"labels": {"app": "istiod"}})
    found = commands.start(containers(istiod)[0], istiod, PROGRAMS, SERVICES)
    assert found.command == ("/t/pilot-discovery", "discovery", "--monitoringAddr=:15014", "--kubeconfig=kubeconfig")
    assert "KUBECONFIG" not in found.variables
    assert found.variables["ISTIOD_CUSTOM_HOST"] == "a.example,localhost,127.0.0.1,10.244.255.254"
    assert found.variables["PILOT_ENABLE_METADATA_EXCHANGE"] == "false"


def test_stand_in_is_told_what_it_stands_for() -> None:
    found = commands.start(containers(pod())[1], pod(), PROGRAMS, SERVICES)
    assert found.command == ("run", "--ports=9555", "ads@1.2.3")
