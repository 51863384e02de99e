"""What an environment promises: replicas apart, changed without a gap, each under an identity of its own."""

from collections.abc import Callable
from typing import Any

import pulumi
import pytest

from boutique.checks.load import StackSettings
from boutique.settings.stack import Environment
from stacks.layers.environment import build as environment
from stacks.layers.environment_history import EnvironmentHistory
from stacks.target_access import TargetAccess
from tests.support.graph.cloud_answers import Cloud
from tests.support.graph.graph_recorder import Graph, record
from tests.support.online_boutique import APPLICATION, REFERENCE

Build = Callable[..., Graph]
NEW = EnvironmentHistory(remembered={}, recorded={}, quota=None, access=None)


@pytest.fixture
def build() -> Build:
    def run(**section: Any) -> Graph:
        def program() -> None:
            namespace, kubeconfig = pulumi.Output.from_input("shop"), pulumi.Output.secret("{}")
            access = TargetAccess(
                namespace=namespace,
                kubeconfig=kubeconfig,
                entrance=None,
                application=APPLICATION.name,
            )
            settings = StackSettings(application=APPLICATION, application_reference=REFERENCE)
            environment(settings, Environment.model_validate(section), {}, "dev", access, NEW)

        return record(program, Cloud(), stack="some", config={})

    return run


def pod(graph: Graph, name: str) -> dict[str, Any]:
    spec: dict[str, Any] = graph.one("Deployment", name).inputs["spec"]["template"]["spec"]
    return spec


def test_replicas_come_with_a_budget_and_one_pod_with_none(build: Build) -> None:
    graph = build(replicas=2, services={"adservice": {"replicas": 1}})
    budgets = {budget.name for budget in graph.of("PodDisruptionBudget")}
    replicas = {deployment.name: deployment.inputs["spec"]["replicas"] for deployment in graph.of("Deployment")}
    assert budgets == {name for name, count in replicas.items() if count > 1}
    assert replicas["adservice"] == replicas["redis-cart"] == 1
    assert replicas["frontend"] == 2
    for budget in graph.of("PodDisruptionBudget"):
        assert budget.inputs["spec"]["maxUnavailable"] == 1, "a drain must not take all at once"


def test_new_pods_are_ready_before_old_ones_go_except_where_two_would_split_the_data(build: Build) -> None:
    for deployment in build(rollout={"maxSurge": "50%"}).of("Deployment"):
        strategy = deployment.inputs["spec"]["strategy"]
        if deployment.name == "redis-cart":
            assert strategy == {"type": "Recreate"}
        else:
            assert strategy == {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": "50%"}}


def test_the_grace_period_covers_the_sleep_and_what_the_image_needs(build: Build) -> None:
    graph = build(rollout={"preStopSeconds": 12})
    assert pod(graph, "adservice")["terminationGracePeriodSeconds"] == 12 + 5
    assert pod(graph, "frontend")["terminationGracePeriodSeconds"] == 12 + 30
    assert pod(graph, "frontend")["containers"][0]["lifecycle"] == {"preStop": {"sleep": {"seconds": 12}}}
    # No workload calls the load generator, so its pods may end without notice.
    assert "lifecycle" not in pod(graph, "loadgenerator")["containers"][0]
    assert pod(graph, "loadgenerator")["terminationGracePeriodSeconds"] == 5


def test_replicas_are_kept_apart_by_preference_only(build: Build) -> None:
    spec = pod(build(), "frontend")
    assert list(spec["affinity"]["podAntiAffinity"]) == ["preferredDuringSchedulingIgnoredDuringExecution"]
    [spread] = spec["topologySpreadConstraints"]
    assert spread["whenUnsatisfiable"] == "ScheduleAnyway"
    assert spread["matchLabelKeys"] == ["pod-template-hash"], "old pods would push the new ones together"


def test_availability_can_be_switched_off_for_one_service(build: Build) -> None:
    off = {"antiAffinity": False, "topologySpread": False, "disruptionBudget": False}
    graph = build(replicas=2, services={"adservice": {"availability": off}})
    assert "affinity" not in pod(graph, "adservice")
    assert "topologySpreadConstraints" not in pod(graph, "adservice")
    assert "adservice" not in {budget.name for budget in graph.of("PodDisruptionBudget")}
    assert "affinity" in pod(graph, "frontend")


def test_every_workload_runs_under_an_identity_of_its_own_and_locked_down(build: Build) -> None:
    graph = build()
    identities = [pod(graph, deployment.name)["serviceAccountName"] for deployment in graph.of("Deployment")]
    assert sorted(identities) == sorted({account.name for account in graph.of("ServiceAccount")})
    for deployment in graph.of("Deployment"):
        spec = pod(graph, deployment.name)
        assert spec["securityContext"]["runAsNonRoot"]
        for container in (*spec["containers"], *spec.get("initContainers", [])):
            security = container["securityContext"]
            assert security["readOnlyRootFilesystem"]
            assert not security["allowPrivilegeEscalation"]
            assert security["capabilities"] == {"drop": ["ALL"]}


def test_the_cluster_may_choose_the_user_of_pods(build: Build) -> None:
    fixed, chosen = build(), build(podUser="cluster")
    for deployment in fixed.of("Deployment"):
        user = {"runAsNonRoot": True, "runAsUser": 1000, "runAsGroup": 1000, "fsGroup": 1000}
        assert pod(fixed, deployment.name)["securityContext"] == user
        assert pod(chosen, deployment.name)["securityContext"] == {"runAsNonRoot": True}


def test_pull_secrets_arrive_at_the_pods(build: Build) -> None:
    spec = pod(build(images={"pullSecrets": ["registry-credentials"]}), "frontend")
    assert spec["imagePullSecrets"] == [{"name": "registry-credentials"}]


def test_the_external_service_is_there_only_when_switched_on(build: Build) -> None:
    assert "frontend-external" not in {service.name for service in build().of("Service")}
    graph = build(services={"frontend": {"external": True}})
    external = graph.one("Service", "frontend-external")
    assert external.inputs["spec"]["type"] == "LoadBalancer"
    assert "loadBalancer" in external.inputs["metadata"]["annotations"]["pulumi.com/waitFor"]
    assert graph.outputs["url"] == "http://lb.example.test"


def test_without_an_address_the_output_says_how_to_get_in(build: Build) -> None:
    assert build().outputs["url"] == "kubectl -n shop port-forward svc/frontend 8080:80"


def test_the_outputs_say_what_runs(build: Build) -> None:
    graph = build(replicas=2, services={"loadgenerator": {"enabled": False}, "adservice": {"image": {"tag": "v2"}}})
    services = graph.outputs["services"]
    assert services.keys() == {deployment.name for deployment in graph.of("Deployment")}
    assert services["adservice"]["image"].endswith("/adservice:v2")
    assert (services["adservice"]["version"], services["adservice"]["replicas"]) == ("v2", 2)
    assert services["adservice"]["ready"] == 2, "an old pod that is still there is no replica"


def test_a_workload_left_out_leaves_nothing_behind(build: Build) -> None:
    graph = build(services={"loadgenerator": {"enabled": False}})
    assert not [resource for resource in graph.objects if resource.name == "loadgenerator"]


def test_every_container_asks_for_resources_and_has_limits(build: Build) -> None:
    graph = build(services={"adservice": {"resources": {"requests": {"cpu": "250m"}, "limits": {"memory": "1Gi"}}}})
    for deployment in graph.of("Deployment"):
        [container] = pod(graph, deployment.name)["containers"]
        assert container["resources"]["requests"].keys() == container["resources"]["limits"].keys() == {"cpu", "memory"}
    resources = pod(graph, "adservice")["containers"][0]["resources"]
    assert resources == {"requests": {"cpu": "250m", "memory": "180Mi"}, "limits": {"cpu": "300m", "memory": "1Gi"}}


def test_an_init_containers_image_can_be_a_teams_own(build: Build) -> None:
    graph = build(services={"loadgenerator": {"initImage": "registry.example/busybox:1"}})
    [init] = pod(graph, "loadgenerator")["initContainers"]
    assert init["image"] == "registry.example/busybox:1"


def test_pods_say_which_version_they_run_and_services_do_not(build: Build) -> None:
    graph = build(images={"tag": "v1.2.3"})
    label = "app.kubernetes.io/version"
    deployment = graph.one("Deployment", "adservice").inputs
    assert deployment["metadata"]["labels"][label] == "v1.2.3"
    assert deployment["spec"]["template"]["metadata"]["labels"][label] == "v1.2.3"
    # A Service that changed with every version would be updated by every release.
    assert label not in graph.one("Service", "adservice").inputs["metadata"]["labels"]
