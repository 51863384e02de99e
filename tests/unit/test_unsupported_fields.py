"""What the lab cannot give a container is refused by the name of its field; all else is let through."""

from typing import Any

import pytest

from lab.containers.start_errors import ContainerStartError
from lab.nodeagent.unsupported_fields import refuse_unsupported


def pod(spec: dict[str, Any], container: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    named = {"name": "server", **container}
    return {"spec": {**spec, "containers": [named]}}, named


@pytest.mark.parametrize(
    ("spec", "container", "field", "detail"),
    [
        ({"hostNetwork": True}, {}, "spec.hostNetwork", "share no namespaces"),
        ({"hostPID": True}, {}, "spec.hostPID", "share no namespaces"),
        ({"hostIPC": True}, {}, "spec.hostIPC", "share no namespaces"),
        ({}, {"securityContext": {"privileged": True}}, "securityContext.privileged", "no privileges"),
        (
            {},
            {"securityContext": {"capabilities": {"add": ["CAP_SYS_ADMIN", "NET_BIND_SERVICE", "NET_RAW"]}}},
            "securityContext.capabilities.add",
            "not NET_RAW, SYS_ADMIN;",
        ),
        ({}, {"securityContext": {"procMount": "Unmasked"}}, "securityContext.procMount", "Unmasked"),
        ({}, {"volumeDevices": [{"name": "disk", "devicePath": "/dev/sda"}]}, "volumeDevices", "not disk"),
        (
            {"volumes": [{"name": "socket", "hostPath": {"path": "/run/docker.sock"}}]},
            {"volumeMounts": [{"name": "socket", "mountPath": "/socket"}]},
            "volume socket: hostPath /run/docker.sock",
            "emptyDir",
        ),
    ],
)
def test_what_the_lab_has_not_is_refused_by_its_field(
    spec: dict[str, Any], container: dict[str, Any], field: str, detail: str
) -> None:
    with pytest.raises(ContainerStartError) as refusal:
        refuse_unsupported(*pod(spec, container))
    assert refusal.value.reason == "CreateContainerConfigError"
    message = str(refusal.value)
    assert message.startswith(f"{field}: ")
    assert detail in message
    assert message.endswith("boutique lab up --containers stand-ins")


def test_all_problems_are_told_at_once() -> None:
    with pytest.raises(ContainerStartError, match=r"spec\.hostPID: .*; securityContext\.privileged: "):
        refuse_unsupported(*pod({"hostPID": True}, {"securityContext": {"privileged": True}}))


@pytest.mark.parametrize(
    ("spec", "container"),
    [
        ({}, {}),
        ({"hostNetwork": False, "volumes": None}, {"securityContext": None, "volumeMounts": None}),
        ({"securityContext": {"fsGroup": 2000, "supplementalGroups": [3000], "fsGroupChangePolicy": "Always"}}, {}),
        ({}, {"securityContext": {"privileged": False, "capabilities": {"drop": ["ALL"], "add": None}}}),
        ({}, {"securityContext": {"capabilities": {"add": ["NET_BIND_SERVICE"]}, "procMount": "Default"}}),
        # Istio's proxy may have a volume that this container does not mount.
        ({"volumes": [{"name": "socket", "hostPath": {"path": "/run"}}]}, {}),
    ],
)
def test_what_changes_nothing_here_is_let_through(spec: dict[str, Any], container: dict[str, Any]) -> None:
    refuse_unsupported(*pod(spec, container))
