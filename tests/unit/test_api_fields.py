"""Further fields of pods and containers are those of the Kubernetes API."""

import runpy
from pathlib import Path
from typing import Any

import pytest

from boutique.application import api_fields
from boutique.application.api_fields import field_errors
from boutique.application.application_file import parse_application
from boutique.settings.errors import SettingsError

ROOT = Path(__file__).parents[2]
FILE = """
name: mine
entry: {workload: web}
workloads:
  web:
    image: web:1
    ports: [{name: http, port: 80}]
"""


@pytest.mark.parametrize(
    "fields",
    [
        {"nodeSelector": {"disk": "ssd"}, "hostAliases": [{"ip": "10.0.0.1", "hostnames": ["db"]}]},
        {"volumes": [{"name": "a", "emptyDir": {"sizeLimit": "1Gi"}}], "shareProcessNamespace": True},
        {"topologySpreadConstraints": [{"maxSkew": 1}], "affinity": None, "overhead": {"cpu": 1, "memory": 1.5}},
    ],
)
def test_fields_of_the_api_are_accepted(fields: dict[str, Any]) -> None:
    assert list(field_errors(fields, "PodSpec", "pod")) == []


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"nodeSelectr": {}}, "pod.nodeSelectr: there is no such field; did you mean 'nodeSelector'?"),
        ({"hostAliases": {}}, "pod.hostAliases: must be a list"),
        ({"hostAliases": [{"ip": 1}]}, "pod.hostAliases.0.ip: 1: must be a text (numbers in quotes)"),
        ({"nodeSelector": "x"}, "pod.nodeSelector: must be a mapping of keys to values"),
        ({"shareProcessNamespace": "yes"}, 'pod.shareProcessNamespace: "yes": must be true or false'),
        ({"activeDeadlineSeconds": True}, "pod.activeDeadlineSeconds: true: must be a whole number"),
        ({"securityContext": []}, "pod.securityContext: must be a mapping of keys to values"),
        ({"overhead": {"cpu": "x"}}, 'pod.overhead.cpu: "x": must be a quantity such as 100m, 2 or 64Mi'),
    ],
)
def test_other_fields_are_refused(fields: dict[str, Any], error: str) -> None:
    assert list(field_errors(fields, "PodSpec", "pod")) == [error]


def test_fields_that_an_object_has_to_have_are_asked_for_only_of_whole_ones() -> None:
    part = {"volumeMounts": [{"name": "x"}], "name": "x"}
    assert list(field_errors(part, "Container", "c")) == []
    assert list(field_errors(part, "Container", "c", is_whole=True)) == ["c.volumeMounts.0.mountPath: is missing"]


@pytest.mark.parametrize(
    ("further", "error"),
    [
        (
            "    pod: {hostNetwrk: true}\n",
            "workloads.web.pod.hostNetwrk: there is no such field; did you mean 'hostNetwork'?",
        ),
        (
            "    container: {workingDir: 1}\n",
            "workloads.web.container.workingDir: 1: must be a text (numbers in quotes)",
        ),
        (
            "    initContainers: [{name: x, image: 'x:1', container: {stdIn: true}}]\n",
            "workloads.web.initContainers.0.container.stdIn: there is no such field; did you mean 'stdin'?",
        ),
    ],
)
def test_the_file_of_an_application_is_checked(further: str, error: str) -> None:
    with pytest.raises(SettingsError) as raised:
        parse_application((FILE + further).encode(), "mine.yaml")
    assert raised.value.errors == (f"mine.yaml: {error}",)


def test_the_table_is_not_read_where_there_is_nothing_to_look_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api_fields, "_TABLE", Path("/nowhere"))
    monkeypatch.setattr(api_fields, "_table", None)
    parse_application(FILE.encode(), "mine.yaml")


def test_the_table_is_that_of_the_source() -> None:
    script = runpy.run_path(str(ROOT / "docs/api_fields.py"))
    try:
        swagger = script["source"]()
    except OSError:
        pytest.skip("Go is not installed")
    if swagger is None:
        pytest.skip("the module k8s.io/kubernetes is not in Go's cache")
    assert (ROOT / "boutique/application/api_fields.json").read_text() == script["document"](swagger)
