"""Environments in the targets of another stack, with the rights of those targets' deployers and nothing else."""

import json
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest
import yaml

from tests.lab.plain.conftest import TARGETS
from tests.support import online_boutique
from tests.support.lab.cluster_objects import deployments, is_available, names
from tests.support.lab.lab_commands import BOUTIQUE, Lab
from tests.support.lab.lab_stacks import QUICKLY, ROOT, Stack, committed_sections

pytestmark = pytest.mark.lab

CLUSTER = {"kind": "existing", "context": "boutique-lab"}
OURS = "registry.example/shop"


@dataclass(frozen=True)
class Shared:
    """A stack whose targets others deploy into, and what names those others.

    They get an environment without a kubeconfig: what they need is in the other stack's output.
    """

    platform: Stack
    stack: Callable[[str], Stack]


def target(name: str, stack: str = "shared") -> dict[str, str]:
    return {"kind": "stack", "name": stack, "target": name}


@pytest.fixture(scope="module")
def shared_stack(plain: Lab, platform: Stack, name_stack: Callable[[str], Stack]) -> Shared:
    """The cluster and a stack that has deployed nothing."""
    name_stack("empty").create()
    without = {**plain.env, "KUBECONFIG": "/nowhere/kubeconfig"}
    return Shared(platform, lambda name: replace(name_stack(name), env=without).create())


@pytest.fixture(scope="module")
def replicated_stack(shared_stack: Shared) -> Stack:
    """The shop in target `doubled`, every service twice, with images of a team's own."""
    stack = shared_stack.stack("doubled").configure(
        cluster=target("doubled"), environment=replicated_environment(tag="v1.0.0")
    )
    stack.up()
    return stack


def replicated_environment(tag: str) -> dict[str, Any]:
    return {
        "replicas": 2,
        "rollout": {**QUICKLY, "maxSurge": "100%"},
        "images": {"repository": OURS, "tag": tag, "pullSecrets": ["team"]},
        "services": {
            "adservice": {"image": {"repository": "registry.example/ads/server", "pullSecrets": ["ads"]}},
            "cartservice": {"image": {"tag": "v2.0.0-new-carts.1"}},
            "redis-cart": {"rollout": {"timeoutSeconds": 60}, "image": {"tag": "8"}},
        },
    }


def test_committed_environment_lands_in_the_target_it_names(plain: Lab, shared_stack: Shared) -> None:
    content = yaml.safe_load((ROOT / "Pulumi.dev.yaml").read_text())["config"]
    assert content["boutique:cluster"]["target"] == "dev"
    # The platform of these tests has no ingress, without which no request could reach a feature.
    environment = {**content["boutique:environment"], "rollout": QUICKLY, "features": None}
    stack = shared_stack.stack("dev").configure(cluster=target("dev"), environment=environment)
    before = names(plain)
    stack.up()
    stack.pulumi("preview", "--expect-no-changes")
    created = {(kind, namespace) for kind, namespace, _ in names(plain) - before}
    workloads = deployments(plain, "dev")
    # Kubernetes keeps a list of the addresses that Services have.
    assert {namespace for kind, namespace in created if kind != "IPAddress"} == {"dev"}
    assert stack.outputs()["namespace"] == "dev", "where the shop is is no secret"
    assert all(is_available(deployment) for deployment in workloads.values())
    assert workloads.keys() == {workload.name for workload in online_boutique.WORKLOADS} - {"loadgenerator"}


def test_production_is_released_and_rolled_back_with_the_deployers_rights_alone(shared_stack: Shared) -> None:
    config = committed_sections("prod")
    without_aws = {name: value for name, value in shared_stack.platform.env.items() if not name.startswith("AWS_")}
    stack = replace(shared_stack.stack("prod"), env={**without_aws, "KUBECONFIG": "/nowhere/kubeconfig"})
    services = {**config["environment"]["services"], "adservice": {"rollout": {"strategy": "blueGreen"}}}
    environment = {**config["environment"], "rollout": QUICKLY, "services": services}
    stack.configure(cluster=target("prod"), release=config["release"], environment=environment).up()
    version = "v0.10.7"
    stack.pulumi("config", "set", "--path", "boutique:release.services.adservice", version)
    stack.up()
    assert stack.outputs()["services"]["adservice"]["version"] == version
    stack.pulumi("config", "rm", "--path", "boutique:release.services.adservice")
    back = stack.up().stdout
    assert "~ 1 updated" in back, "the Service: no pod starts"
    assert stack.outputs()["services"]["adservice"]["version"] == config["release"]["default"]
    providers = {
        resource["urn"].split("::", 2)[2] for resource in stack.resources() if "pulumi:providers:" in resource["type"]
    }
    # Pulumi's own is for what it reads of other stacks.
    assert providers - {"pulumi:providers:pulumi::default"} == {"pulumi:providers:kubernetes::deployer"}


@pytest.mark.parametrize(
    ("cluster", "words"),
    [
        pytest.param(target("tset"), ["'shared'", "'tset'", *TARGETS], id="no-such-target"),
        pytest.param(target("dev", stack="shard"), ["'shard': there is no such stack"], id="no-such-stack"),
        pytest.param(target("dev", stack="empty"), ["'empty'", "'dev'", "deploy that stack first"], id="not-deployed"),
    ],
)
def test_target_that_is_not_there_is_named(
    shared_stack: Shared, request: pytest.FixtureRequest, cluster: dict[str, str], words: list[str]
) -> None:
    stack = shared_stack.stack(request.node.callspec.id).configure(cluster=cluster, environment={"replicas": 1})
    done = stack.up(check=False)
    assert done.returncode != 0
    assert all(word in done.stdout for word in words), done.stdout
    assert "Traceback" not in done.stdout, done.stdout
    assert not [resource for resource in stack.resources() if resource["type"].startswith("kubernetes:")]


def test_second_platform_on_one_cluster_is_refused_and_takes_nothing(plain: Lab, shared_stack: Shared) -> None:
    rival = replace(shared_stack.stack("rival"), env=shared_stack.platform.env)
    done = rival.configure(cluster=CLUSTER, platform={"targets": {"dev": {}}}).up(check=False)
    assert done.returncode != 0
    assert "Namespace deployers, Namespace dev belong to stack 'shared'" in done.stdout
    rival.pulumi("destroy", "--yes", "--skip-preview")
    shared_stack.platform.pulumi("preview", "--refresh", "--expect-no-changes")
    namespaces = json.loads(plain.kubectl("get", "namespaces", "dev", "deployers", "-o", "json"))["items"]
    assert {namespace["metadata"]["annotations"]["boutique.dev/owner"] for namespace in namespaces} == {"shared"}


def test_images_of_all_services_and_of_single_ones_arrive(plain: Lab, replicated_stack: Stack) -> None:
    pods = {name: deployment["spec"]["template"]["spec"] for name, deployment in deployments(plain, "doubled").items()}
    images = {name: pod["containers"][0]["image"] for name, pod in pods.items()}
    secrets = {name: [entry["name"] for entry in pod["imagePullSecrets"]] for name, pod in pods.items()}
    assert images == {workload.name: f"{OURS}/{workload.name}:v1.0.0" for workload in online_boutique.WORKLOADS} | {
        "adservice": "registry.example/ads/server:v1.0.0",
        "cartservice": f"{OURS}/cartservice:v2.0.0-new-carts.1",
        "redis-cart": "redis:8",
    }
    assert secrets.pop("adservice") == ["ads"]
    assert all(names == ["team"] for names in secrets.values())
    assert replicated_stack.outputs()["services"]["cartservice"]["version"] == "v2.0.0-new-carts.1"


def test_environment_on_anothers_cluster_is_smoke_tested_with_its_deployers_rights(replicated_stack: Stack) -> None:
    done = subprocess.run(
        [*BOUTIQUE, "smoke", replicated_stack.name, "--json"],
        cwd=replicated_stack.folder,
        env=dict(replicated_stack.env),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    services = json.loads(done.stdout)["services"]
    assert services.keys() == {workload.name for workload in online_boutique.WORKLOADS}
    assert (services["frontend"]["ready"], services["redis-cart"]["ready"]) == (2, 1)
    assert services["cartservice"]["running"] == ["v2.0.0-new-carts.1"]
    assert {service["reached"]["said"] for service in services.values()} == {"unknown: there is no link"}


def test_replicas_are_spread_and_guarded(plain: Lab, replicated_stack: Stack) -> None:
    assert replicated_stack.resources()
    wanted = {name: deployment["spec"]["replicas"] for name, deployment in deployments(plain, "doubled").items()}
    pods = json.loads(plain.kubectl("get", "pods", "-n", "doubled", "-o", "json"))["items"]
    budgets = json.loads(plain.kubectl("get", "poddisruptionbudgets", "-n", "doubled", "-o", "json"))["items"]
    nodes: dict[str, set[str]] = {app: set() for app in wanted}
    for pod in pods:
        nodes[pod["metadata"]["labels"]["app"]].add(pod["spec"]["nodeName"])
    twos = {name for name, replicas in wanted.items() if replicas == 2}
    assert twos == {
        workload.name for workload in online_boutique.WORKLOADS if not (workload.stateful or workload.optional)
    }
    assert {budget["metadata"]["name"] for budget in budgets} == twos
    assert {budget["status"]["disruptionsAllowed"] for budget in budgets} == {1}
    assert not [name for name in twos if len(nodes[name]) != 2], "both replicas are on one node"


def test_quota_leaves_room_to_replace_everything_at_once(plain: Lab, replicated_stack: Stack) -> None:
    replicated_stack.configure(cluster=target("doubled"), environment=replicated_environment(tag="v1.1.0"))
    replicated_stack.up()
    refusals = [
        event["message"]
        for event in json.loads(plain.kubectl("get", "events", "-n", "doubled", "-o", "json"))["items"]
        # The quota's own count is written by several at once; who came second is asked to try again, and does.
        if event["reason"] == "FailedCreate" and "object has been modified" not in event["message"]
    ]
    workloads = deployments(plain, "doubled")
    assert not refusals
    assert all(is_available(deployment) for deployment in workloads.values())
    assert {service["replicas"] - service["ready"] for service in replicated_stack.outputs()["services"].values()} == {
        0
    }
    assert workloads["frontend"]["spec"]["template"]["spec"]["containers"][0]["image"] == f"{OURS}/frontend:v1.1.0"
