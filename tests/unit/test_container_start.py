"""What a container starts with: the program, the user and the variables, by its image and its pod."""

import signal
from pathlib import Path
from typing import Any

import pytest

from lab.containers.image_command import build_arguments, build_variables, parse_signal, security_context
from lab.containers.image_users import resolve_user
from lab.containers.launch_plan import LaunchPlan, MountPlan, decode_launch_plan
from lab.containers.launcher import find_program
from lab.containers.start_errors import ContainerStartError
from lab.images.unpacked_image import ImageConfig
from lab.nodeagent.container_environment import pod_variables

CONFIG = ImageConfig(
    entrypoint=("/server", "--base"),
    command=("--default",),
    environment={"PATH": "/bin", "LEVEL": "image"},
    working_folder="",
    user="",
    stop_signal="",
)
POD = {"metadata": {"name": "ads-1", "namespace": "shop"}, "spec": {}, "status": {"podIP": "10.244.0.7"}}


@pytest.mark.parametrize(
    ("command", "arguments", "expected"),
    [
        ([], [], ("/server", "--base", "--default")),
        ([], ["--own"], ("/server", "--base", "--own")),
        (["/other"], [], ("/other",)),
        (["/other"], ["--own"], ("/other", "--own")),
    ],
)
def test_the_pod_overrides_the_image_as_kubernetes_says(
    command: list[str], arguments: list[str], expected: tuple[str, ...]
) -> None:
    assert build_arguments(CONFIG, command, arguments) == expected


def test_an_image_without_a_program_cannot_be_started() -> None:
    empty = ImageConfig(entrypoint=(), command=(), environment={}, working_folder="", user="", stop_signal="")
    with pytest.raises(ContainerStartError, match="no command specified") as failure:
        build_arguments(empty, [], [])
    assert failure.value.reason == "CreateContainerError"


def test_variables_of_the_pod_win_over_those_of_the_image() -> None:
    variables = build_variables(CONFIG, {"LEVEL": "pod"}, "ads-1", "/home/app")
    assert variables == {"PATH": "/bin", "LEVEL": "pod", "HOSTNAME": "ads-1", "HOME": "/home/app"}


def test_the_containers_security_context_wins_over_its_pods() -> None:
    pod = {"spec": {"securityContext": {"runAsUser": 1, "runAsGroup": 2}}}
    assert security_context(pod, {"securityContext": {"runAsUser": 3}}) == {"runAsUser": 3, "runAsGroup": 2}


@pytest.fixture
def layers(tmp_path: Path) -> tuple[Path, ...]:
    for name, content in {
        "low/etc/passwd": "root:x:0:0::/root:/bin/sh\nold:x:5:5::/:/bin/sh\n",
        "low/etc/group": "web:x:33:\n",
        "high/etc/passwd": "root:x:0:0::/root:/bin/sh\napp:x:1000:1001::/home/app:/bin/sh\nbroken\n",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return tmp_path / "low", tmp_path / "high"


@pytest.mark.parametrize(
    ("context", "image", "expected"),
    [
        ({}, "", (0, 0, "/root")),
        ({}, "app", (1000, 1001, "/home/app")),
        ({}, "app:web", (1000, 33, "/home/app")),
        ({}, "7", (7, 0, "/")),
        ({}, "7:8", (7, 8, "/")),
        ({"runAsUser": 1000}, "app:web", (1000, 1001, "/home/app")),
        ({"runAsUser": 9, "runAsGroup": 10}, "app", (9, 10, "/")),
    ],
)
def test_the_user_is_looked_up_in_the_image(
    layers: tuple[Path, ...], context: dict[str, Any], image: str, expected: tuple[int, int, str]
) -> None:
    assert resolve_user(context, image, layers) == expected


@pytest.mark.parametrize(
    ("context", "image", "reason", "message"),
    [
        ({}, "old", "CreateContainerError", "unable to find user old: no matching entries in passwd file"),
        ({}, "app:none", "CreateContainerError", "unable to find group none"),
        ({"runAsNonRoot": True}, "", "CreateContainerConfigError", "image will run as root"),
        ({"runAsNonRoot": True}, "app", "CreateContainerConfigError", "non-numeric user"),
        ({"runAsNonRoot": True, "runAsUser": 0}, "app", "CreateContainerConfigError", "image will run as root"),
    ],
)
def test_a_user_that_cannot_be_is_an_error(
    layers: tuple[Path, ...], context: dict[str, Any], image: str, reason: str, message: str
) -> None:
    with pytest.raises(ContainerStartError, match=message) as failure:
        resolve_user(context, image, layers)
    assert failure.value.reason == reason


def test_a_link_in_an_image_does_not_lead_to_the_users_of_this_machine(tmp_path: Path) -> None:
    (tmp_path / "machine").write_text("root:x:0:0::/secret:/bin/sh\n")
    for layer in ("file", "folder"):
        (tmp_path / layer).mkdir()
    (tmp_path / "file/etc").mkdir()
    (tmp_path / "file/etc/passwd").symlink_to(tmp_path / "machine")
    (tmp_path / "real").mkdir()
    (tmp_path / "real/passwd").write_text("root:x:0:0::/secret:/bin/sh\n")
    (tmp_path / "folder/etc").symlink_to(tmp_path / "real")
    for layer in ("file", "folder"):
        assert resolve_user({}, "", (tmp_path / layer,)).home == "/"


def test_a_pods_variables_come_from_everywhere() -> None:
    objects = {("ConfigMap", "settings"): {"a": "1", "b": "2"}, ("Secret", "hidden"): {"key": "value"}}
    container = {
        "envFrom": [
            {"configMapRef": {"name": "settings"}, "prefix": "X_"},
            {"secretRef": {"name": "no", "optional": True}},
        ],
        "env": [
            {"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "hidden", "key": "key"}}},
            {"name": "NONE", "valueFrom": {"secretKeyRef": {"name": "hidden", "key": "no", "optional": True}}},
            {"name": "BOTH", "value": "$(KEY) $(X_a) $(NONE)"},
            {"name": "IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
            {"name": "CPU", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu"}}},
        ],
        "resources": {"limits": {"cpu": "1500m"}},
    }  # fmt: skip
    variables = pod_variables(POD, container, lambda kind, name: objects.get((kind, name)))
    own = {name: value for name, value in variables.items() if not name.startswith("KUBERNETES_")}
    assert own == {"X_a": "1", "X_b": "2", "KEY": "value", "BOTH": "value 1 $(NONE)", "IP": "10.244.0.7", "CPU": "2"}
    assert variables["KUBERNETES_SERVICE_HOST"] == "10.96.0.1"


def test_a_pod_finds_the_services_of_its_namespace_by_variables() -> None:
    def service(name: str, namespace: str, address: str, *ports: dict[str, Any]) -> dict[str, Any]:
        spec = {"clusterIP": address, "ports": list(ports)}
        return {"metadata": {"name": name, "namespace": namespace}, "spec": spec}

    services = [
        service("ad-service", "shop", "10.96.0.7", {"name": "grpc-web", "port": 80}, {"port": 53, "protocol": "UDP"}),
        service("headless", "shop", "None", {"port": 80}),
        service("other", "elsewhere", "10.96.0.8", {"port": 80}),
    ]
    api = {
        "KUBERNETES_SERVICE_HOST": "10.96.0.1",
        "KUBERNETES_SERVICE_PORT": "443",
        "KUBERNETES_SERVICE_PORT_HTTPS": "443",
        "KUBERNETES_PORT": "tcp://10.96.0.1:443",
        "KUBERNETES_PORT_443_TCP": "tcp://10.96.0.1:443",
        "KUBERNETES_PORT_443_TCP_PROTO": "tcp",
        "KUBERNETES_PORT_443_TCP_PORT": "443",
        "KUBERNETES_PORT_443_TCP_ADDR": "10.96.0.1",
    }
    linked = {
        "AD_SERVICE_SERVICE_HOST": "10.96.0.7",
        "AD_SERVICE_SERVICE_PORT": "80",
        "AD_SERVICE_SERVICE_PORT_GRPC_WEB": "80",
        "AD_SERVICE_PORT": "tcp://10.96.0.7:80",
        "AD_SERVICE_PORT_80_TCP": "tcp://10.96.0.7:80",
        "AD_SERVICE_PORT_80_TCP_PROTO": "tcp",
        "AD_SERVICE_PORT_80_TCP_PORT": "80",
        "AD_SERVICE_PORT_80_TCP_ADDR": "10.96.0.7",
        "AD_SERVICE_PORT_53_UDP": "udp://10.96.0.7:53",
        "AD_SERVICE_PORT_53_UDP_PROTO": "udp",
        "AD_SERVICE_PORT_53_UDP_PORT": "53",
        "AD_SERVICE_PORT_53_UDP_ADDR": "10.96.0.7",
    }
    env = [{"name": "OWN", "value": "$(AD_SERVICE_SERVICE_HOST)"}, {"name": "AD_SERVICE_PORT", "value": "mine"}]
    own = {"OWN": "10.96.0.7", "AD_SERVICE_PORT": "mine"}
    assert pod_variables(POD, {"env": env}, lambda *_: None, services) == {**api, **linked, **own}
    assert pod_variables({**POD, "spec": {"enableServiceLinks": False}}, {}, lambda *_: None, services) == api


@pytest.mark.parametrize(
    ("container", "message"),
    [
        ({"envFrom": [{"configMapRef": {"name": "none"}}]}, 'configmap "none" not found'),
        (
            {"env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "hidden", "key": "no"}}}]},
            "couldn't find key no in Secret shop/hidden",
        ),
    ],
)
def test_a_variable_without_a_source_is_an_error(container: dict[str, Any], message: str) -> None:
    with pytest.raises(ContainerStartError, match=message) as failure:
        pod_variables(POD, container, lambda _, name: {"key": "value"} if name == "hidden" else None)
    assert failure.value.reason == "CreateContainerConfigError"


@pytest.mark.parametrize(
    ("text", "expected"),
    [("SIGQUIT", signal.SIGQUIT), ("int", signal.SIGINT), ("3", signal.SIGQUIT), ("", signal.SIGTERM), ("999", 15)],
)
def test_an_image_names_its_stop_signal_in_any_form(text: str, expected: int) -> None:
    assert parse_signal(text) == expected


def test_a_program_is_looked_for_in_path(tmp_path: Path) -> None:
    for name in ("first/tool", "second/tool"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text("")
    (tmp_path / "second/tool").chmod(0o755)
    path = f"{tmp_path / 'none'}:{tmp_path / 'first'}:{tmp_path / 'second'}"
    assert find_program("tool", path) == str(tmp_path / "second/tool")
    assert find_program("./tool", path) == "./tool"
    with pytest.raises(FileNotFoundError):
        find_program("other", path)


def test_a_plan_survives_the_pipe() -> None:
    plan = LaunchPlan(
        folder="/pod",
        layers=("/a", "/b"),
        copied=False,
        read_only=True,
        user=7,
        group=8,
        host_name="ads-1",
        working_folder="/",
        arguments=("/server", "é"),
        variables={"A": "$x"},
        mounts=(MountPlan("/here", "/there", True, "part"),),
    )
    assert decode_launch_plan(plan.encode()) == plan
