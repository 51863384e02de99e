"""Kubernetes objects from manifests: lists, namespaces, names, and what is not an object."""

import json
from typing import Any

import pytest
import yaml

from boutique.application.manifests.manifest_errors import ManifestError
from boutique.application.manifests.manifest_reader import read_manifests
from tests.support.unit.manifest_samples import as_list, config_map, container, service, workload


def errors_of(*objects: Any, namespace: str | None = None) -> tuple[str, ...]:
    with pytest.raises(ManifestError) as error:
        read_manifests([("x.yaml", yaml.safe_dump_all(objects).encode())], namespace)
    return error.value.errors


def in_namespace(content: dict[str, Any], namespace: str) -> dict[str, Any]:
    return {**content, "metadata": {**content["metadata"], "namespace": namespace}}


def test_lists_are_opened() -> None:
    typed = {"apiVersion": "v1", "kind": "ServiceList", "items": [{**service(), "kind": None, "apiVersion": None}]}
    nested = json.loads(as_list(typed, workload()))
    names = [m.reference for m in read_manifests([("x.json", json.dumps([nested]).encode())]).manifests]
    assert names == ["Service/web", "Deployment/web"]


def test_one_object_in_two_files_is_one() -> None:
    files = [(name, as_list(workload())) for name in ("a.json", "b.json")]
    assert len(read_manifests(files).manifests) == 1


def test_two_objects_of_one_name_are_refused_with_both_files() -> None:
    files = [("a.json", as_list(workload())), ("b.json", as_list(workload(spec={"replicas": 2})))]
    with pytest.raises(ManifestError) as error:
        read_manifests(files)
    assert error.value.errors == ("b.json: Deployment/web: is in a.json too, and differs; keep one of them",)


def test_a_generated_name_is_refused() -> None:
    content = {**workload(), "metadata": {"generateName": "web-"}}
    assert errors_of(content) == ("x.yaml: Deployment: has generateName 'web-' and no name; give it a name",)


def test_an_object_without_a_name_is_refused() -> None:
    [line] = errors_of({**workload(), "metadata": {}})
    assert line.startswith("x.yaml: Deployment: has no metadata.name")


def test_a_document_of_another_program_is_refused_without_its_values() -> None:
    [line] = errors_of({"services": {"db": {"password": "hunter2"}}})
    assert line.startswith("x.yaml: a document (services) is not a Kubernetes object")
    assert "hunter2" not in line


def test_a_kustomization_is_told_what_to_do() -> None:
    [line] = errors_of({"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization", "resources": []})
    assert "kubectl kustomize" in line


@pytest.mark.parametrize(
    "content",
    [
        {**workload(), "metadata": {"name": "{{ .Release.Name }}"}},
        workload(containers=[container(image="registry.example/web:{{ .Values.tag }}")]),
        workload(nodeSelector={"disk": "{{ x }}"}),
    ],
)
def test_a_template_in_a_value_is_refused(content: dict[str, Any]) -> None:
    [line] = errors_of(content)
    assert "is a template, not a value" in line


def test_braces_in_texts_of_their_own_are_not_templates() -> None:
    objects = [
        workload(containers=[container(args=["{{ x }}"], env=[{"name": "A", "value": "{{ y }}"}])]),
        config_map("alerts", {"rules": "{{ $labels.pod }}"}),
    ]
    assert len(read_manifests([("x.json", as_list(*objects))]).manifests) == 2


def test_one_of_several_namespaces_has_to_be_chosen() -> None:
    objects = [in_namespace(workload(), "a"), in_namespace(service(), "b")]
    assert errors_of(*objects) == ("the manifests have 2 namespaces: a, b; choose one with --namespace",)
    manifests = read_manifests([("x.json", as_list(*objects))], "b")
    assert [m.reference for m in manifests.manifests] == ["Service/web"]
    assert manifests.skipped == 1


def test_a_namespace_that_no_manifest_has_is_refused() -> None:
    [line] = errors_of(in_namespace(workload(), "shop"), namespace="shopp")
    assert line == "--namespace: 'shopp': no manifest has it; did you mean 'shop'?"


def test_objects_without_a_namespace_go_with_any() -> None:
    manifests = read_manifests([("x.json", as_list(in_namespace(workload(), "a"), service()))])
    assert (len(manifests.manifests), manifests.namespace) == (2, "a")


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (
            workload(containers=[container(env=[{"name": "PORT", "value": 8080}])]),
            "Deployment/web: spec.template.spec.containers.0.env.0.value: 8080: must be a text (numbers in quotes)",
        ),
        (
            workload(containers=[container(prots=[])]),
            "Deployment/web: spec.template.spec.containers.0.prots: there is no such field; did you mean 'ports'?",
        ),
        (
            workload(containers=[container(volumeMounts=[{"name": "x"}])]),
            "Deployment/web: spec.template.spec.containers.0.volumeMounts.0.mountPath: is missing",
        ),
        (
            workload(containers=[container(resources={"limits": {"cpu": "many"}})]),
            'Deployment/web: spec.template.spec.containers.0.resources.limits.cpu: "many": must be a quantity such as '
            "100m, 2 or 64Mi",
        ),
        (
            {**workload(), "apiVersion": "extensions/v1beta1"},
            "Deployment/web: apiVersion: 'extensions/v1beta1': must be apps/v1",
        ),
        (service(selector=["web"]), "Service/web: spec.selector: must be a mapping of keys to values"),
    ],
)
def test_what_the_api_server_would_refuse_is_refused(content: dict[str, Any], error: str) -> None:
    assert errors_of(content) == (f"x.yaml: {error}",)


def test_a_kind_of_another_group_is_another_kind() -> None:
    content = {"apiVersion": "serving.knative.dev/v1", "kind": "Service", "metadata": {"name": "web"}, "spec": {"x": 1}}
    [manifest] = read_manifests([("x.json", as_list(content))]).manifests
    assert manifest.kind == "Service.serving.knative.dev"
