"""Fields of manifests against those that the program renders from the import."""

import contextlib
import copy
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from boutique.application.application_file import parse_application
from boutique.application.manifests.application_import import ImportOptions, import_application
from boutique.application.manifests.field_comparison import FieldComparison, compare_fields
from boutique.application.manifests.manifest_errors import ManifestError
from boutique.application.manifests.manifest_reader import read_manifests
from boutique.settings.errors import SettingsError
from ops.applications.application_writer import write_application
from ops.applications.rendering import render_application
from tests.support.unit.manifest_samples import Manifest, as_list, config_map, container, imported, service, workload


def compare_manifests(*objects: Manifest) -> FieldComparison:
    application = imported(*objects, entry="web")
    text = write_application(application.content, application.report)
    assert yaml.safe_load(text) == application.content
    return compare_fields(application, render_application(parse_application(text.encode(), "mine.yaml")))


def sample_manifests() -> tuple[Manifest, ...]:
    """Return manifests with something of all that a workload can say."""
    main = container(
        command=["web"],
        args=["--verbose"],
        workingDir="/app",
        ports=[{"name": "http", "containerPort": 8080}, {"name": "metrics", "containerPort": 9090}],
        envFrom=[{"configMapRef": {"name": "settings"}}, {"secretRef": {"name": "keys"}}],
        env=[
            {"name": "API", "value": "http://api.default.svc.cluster.local:80/v1"},
            {"name": "LEVEL", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "level"}}},
            {"name": "PASSWORD", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "password"}}},
            {"name": "IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
        ],
        readinessProbe={"httpGet": {"path": "/ready", "port": "http", "scheme": "HTTP"}, "periodSeconds": 5},
        livenessProbe={"tcpSocket": {"port": 8080}},
        startupProbe={"exec": {"command": ["test"]}, "failureThreshold": 30},
        lifecycle={"preStop": {"exec": {"command": ["sleep", "5"]}}},
        resources={"requests": {"cpu": "0.1", "memory": 134217728}, "limits": {"memory": "1.5Gi", "cpu": 2}},
        securityContext={"runAsUser": 101, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}},
        volumeMounts=[
            {"name": "scratch", "mountPath": "/scratch"},
            {"name": "twice", "mountPath": "/a"},
            {"name": "twice", "mountPath": "/b", "subPath": "b"},
            {"name": "conf", "mountPath": "/etc/web"},
            {"name": "conf", "mountPath": "/etc/nginx/nginx.conf", "subPath": "nginx.conf"},
            {"name": "tls", "mountPath": "/tls", "readOnly": True},
        ],
    )
    pod = {
        "terminationGracePeriodSeconds": 45,
        "nodeSelector": {"disk": "ssd"},
        "securityContext": {"fsGroup": 2000, "seccompProfile": {"type": "RuntimeDefault"}},
        "topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": "rack", "whenUnsatisfiable": "ScheduleAnyway"}],
        "initContainers": [
            {"name": "wait", "image": "busybox:1", "env": [{"name": "API", "value": "api:80"}], "tty": True},
        ],
        "volumes": [
            {"name": "scratch", "emptyDir": {"medium": "Memory", "sizeLimit": "64Mi"}},
            {"name": "twice", "emptyDir": {}},
            {"name": "conf", "configMap": {"name": "files"}},
            {"name": "tls", "secret": {"secretName": "web-tls"}},
        ],
    }
    return (
        workload(containers=[main], **pod),
        service(port={"name": "http", "port": 80, "targetPort": "http"}),
        workload("api"),
        service("api"),
        config_map("settings", {"level": "debug", "mode": "fast"}),
        config_map("files", {"nginx.conf": "events {}\n", "b.txt": "b"}),
    )


def test_all_that_can_be_said_is_rendered_again() -> None:
    comparison = compare_manifests(*sample_manifests())
    assert comparison.differences == []
    assert comparison.decided == []
    assert comparison.equal > 80


@pytest.mark.parametrize(
    ("objects", "path", "change"),
    [
        ((workload(hostNetwork=True), service()), "spec.hostNetwork", ("true", None)),
        ((workload(), service(type="LoadBalancer")), "type", ("LoadBalancer", "ClusterIP")),
        (
            (workload(containers=[container(), {"name": "logs", "image": "logs:1"}]), service()),
            "spec.containers[logs].image",
            ("logs:1", None),
        ),
        (
            (workload(securityContext={"runAsUser": 0}), service()),
            "spec.securityContext.runAsUser",
            ("0", "1000"),
        ),
    ],
)
def test_what_is_not_kept_is_a_difference(objects: tuple[Manifest, ...], path: str, change: Any) -> None:
    differences = {item.path: (item.given, item.rendered) for item in compare_manifests(*objects).differences}
    assert differences[path] == change


def test_what_the_program_chooses_has_a_reason() -> None:
    content = workload(serviceAccountName="default")
    content["spec"]["template"]["metadata"]["labels"]["app.kubernetes.io/name"] = "shop"
    comparison = compare_manifests(content, service())
    assert comparison.differences == []
    assert {item.path for item in comparison.decided} == {
        "spec.serviceAccountName",
        "metadata.labels.app.kubernetes.io/name",
    }
    assert all(item.reason for item in comparison.decided)


def test_two_ports_of_a_service_with_one_target_are_one_port_of_the_container() -> None:
    content = service()
    content["spec"]["ports"].append({"name": "http-alt", "port": 8080, "targetPort": 8080})
    application = imported(workload(), content)
    text = write_application(application.content, application.report)
    rendered = render_application(parse_application(text.encode(), "mine.yaml"))["web"]
    assert rendered.template["spec"]["containers"][0]["ports"] == [{"containerPort": 8080}]
    assert rendered.service is not None
    assert len(rendered.service["ports"]) == 2


def paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path of every value within others."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(inner for key, item in items for inner in paths(item, (*path, key)))]


PATHS = [path for path in paths(list(sample_manifests())) if len(path) > 1]
VALUES = [None, 0, -1, 1.5, True, "", "x", "{x}", "{{ x }}", [], {}, ["x"], [{}], {"name": "x"}, "x" * 300, 10**20]


@settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.lists(st.tuples(st.sampled_from(PATHS), st.sampled_from(VALUES)), min_size=1, max_size=3))
def test_broken_manifests_are_refused_or_imported_but_never_a_crash(changes: list[tuple[tuple[Any, ...], Any]]) -> None:
    objects = list(sample_manifests())
    for path, value in changes:
        holder: Any = objects
        try:
            for step in path[:-1]:
                holder = holder[step]
            holder[path[-1]] = copy.deepcopy(value)
        except (KeyError, IndexError, TypeError):
            continue
    # Any other exception is a crash.
    with contextlib.suppress(ManifestError, SettingsError):
        application = import_application(
            read_manifests([("x", as_list(*objects))]), ImportOptions(name="x", entry="web")
        )
        text = write_application(application.content, application.report)
        compare_fields(application, render_application(parse_application(text.encode(), "x.yaml")))


def test_a_single_file_within_a_folder_of_files_is_refused() -> None:
    main = container(
        volumeMounts=[
            {"name": "conf", "mountPath": "/etc/web"},
            {"name": "conf", "mountPath": "/etc/web/own.conf", "subPath": "a"},
        ]
    )
    volumes = [{"name": "conf", "configMap": {"name": "files"}}]
    with pytest.raises(SettingsError, match=r"singleFiles\./etc/web/own\.conf: is in a folder of files"):
        compare_manifests(workload(containers=[main], volumes=volumes), service(), config_map("files", {"a": "b"}))
