"""The committed stack `local`, as it was deployed."""

import base64
import json
import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from boutique.names.image_reference import Reference
from tests.support import online_boutique
from tests.support.lab.cluster_objects import deployments, is_available, list_all_objects, name, writers
from tests.support.lab.lab_commands import Lab
from tests.support.lab.lab_stacks import ROOT
from tests.support.lab.local_stack import LocalDeployment

pytestmark = pytest.mark.lab

PULUMI = re.compile(r"pulumi-(?!resource-|kubernetes$)")
"""Who writes for Pulumi itself, and not for Helm: charts' objects and their releases."""


def test_all_workloads_are_available(lab: Lab, local: LocalDeployment) -> None:
    workloads = deployments(lab, local.stack.outputs()["namespace"])
    assert workloads.keys() == {workload.name for workload in online_boutique.WORKLOADS}
    assert not [name for name, deployment in workloads.items() if not is_available(deployment)]


def test_second_update_changes_nothing(lab: Lab, local: LocalDeployment) -> None:
    def resource_versions() -> dict[str, str]:
        return {
            name: deployment["metadata"]["resourceVersion"] for name, deployment in deployments(lab, "local").items()
        }

    webhooks = json.loads(lab.kubectl("get", "validatingwebhookconfigurations", "-o", "json"))["items"]
    patched = [
        webhook["failurePolicy"]
        for configuration in webhooks
        for webhook in configuration["webhooks"]
        if webhook["clientConfig"]["caBundle"]
    ]
    assert set(patched) == {"Fail"}, "istiod has put its own certificate and policy into what the chart said"
    before = resource_versions()
    assert "created" not in local.stack.up("--expect-no-changes").stdout
    assert resource_versions() == before


def test_outputs_say_where_the_shop_is_and_what_runs(lab: Lab, local: LocalDeployment) -> None:
    outputs = local.stack.outputs()
    containers = {
        name: deployment["spec"]["template"]["spec"]["containers"]
        for name, deployment in deployments(lab, "local").items()
    }
    assert outputs.keys() >= {"namespace", "url", "services", "target", "targets"}
    assert outputs["namespace"] == "local"
    assert outputs["target"] == {"stack": "organization/boutique/local", "name": "local"}
    assert outputs["services"] == {
        name: {"image": image, "deployment": name, "version": Reference.parse(image).version, "replicas": 1, "ready": 1}
        for name, [container] in containers.items()
        if (image := container["image"])
    }


def test_pulumi_wrote_no_automatic_logs(lab: Lab, local: LocalDeployment) -> None:
    assert local.output
    assert Path(lab.env["PULUMI_HOME"], "logs").is_file()


def test_deployers_token_is_nowhere_in_clear(lab: Lab, local: LocalDeployment) -> None:
    [user] = local.stack.kubeconfig("local")["users"]
    token: str = user["user"]["token"]
    forms = [token, base64.b64encode(token.encode()).decode()]
    shown = {
        "the update's output": local.output,
        "stack output": local.stack.pulumi("stack", "output").stdout,
        "stack output targets": local.stack.pulumi("stack", "output", "targets").stdout,
        "stack export": local.stack.pulumi("stack", "export").stdout,
    }
    state = Path(urlsplit(lab.env["PULUMI_BACKEND_URL"]).path)
    files = [path for path in state.rglob("*") if path.is_file()]
    shown |= {str(path.relative_to(state)): path.read_text(errors="replace") for path in files}
    leaks = [where for where, text in shown.items() if any(form in text for form in forms)]
    assert files, "the state is looked through as well"
    assert token.count(".") == 2, "a signed token is what is looked for"
    assert not leaks


def test_everything_pulumi_wrote_names_the_stack_that_owns_it(lab: Lab, local: LocalDeployment) -> None:
    written = [
        resource for resource in list_all_objects(lab) if any(PULUMI.match(writer) for writer in writers(resource))
    ]
    registered = [
        resource
        for resource in local.stack.resources()
        if resource["type"].startswith("kubernetes:") and "helm.sh" not in resource["type"]
    ]
    nameless = [
        name(resource)
        for resource in written
        if resource["metadata"].get("annotations", {}).get("boutique.dev/owner") != local.stack.name
    ]
    assert len(written) == len(registered) > len(online_boutique.WORKLOADS)
    assert not nameless


def test_deploying_rewrites_no_committed_file(local: LocalDeployment) -> None:
    assert {path.name: path.read_text() for path in ROOT.glob("Pulumi*.yaml")} == local.files
