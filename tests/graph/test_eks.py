"""What a cluster on EKS promises: closed, in an order that works both ways, nothing of the admin handed on."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_aws as aws
import pytest

from tests.support.graph import resource_schema
from tests.support.graph.clear_text import clear_texts, recorded_values
from tests.support.graph.cloud_answers import ADMIN
from tests.support.graph.graph_recorder import ROOT, Graph, Registered
from tests.support.graph.stack_recordings import ACCOUNT, Recorder, cluster_region, committed_values, record_stack

STACKS = ("nonprod", "prod-platform")


VERSION_WITHOUT_SUPPORT = "1.32"
"""Its standard support ended on 2026-03-23."""


@pytest.fixture(params=STACKS)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def cluster(name: str, recording_of: Recorder) -> Graph:
    return recording_of(name)


@pytest.fixture
def production(recording_of: Recorder) -> Graph:
    return recording_of("prod-platform")


def record_changed_cluster(**section: Any) -> Graph:
    """Record `nonprod` with some of its cluster changed."""
    config, secret = committed_values("nonprod")
    config["boutique:cluster"] = json.dumps({**json.loads(config["boutique:cluster"]), **section})
    return record_stack("nonprod", config=(config, secret))


def of_aws(graph: Graph) -> list[Registered]:
    return [resource for resource in graph.resources if resource_schema.is_of_aws(resource)]


def statements(graph: Graph, name: str) -> list[Mapping[str, Any]]:
    statement: list[Mapping[str, Any]] = json.loads(graph.one("RolePolicy", name).inputs["policy"])["Statement"]
    return statement


def test_a_version_without_support_is_warned_of_and_stays_deployable(monkeypatch: pytest.MonkeyPatch) -> None:
    warned: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", lambda text, *_: warned.append(text))
    graph = record_changed_cluster(version=VERSION_WITHOUT_SUPPORT)
    assert graph.one("Cluster", "cluster").inputs["version"] == VERSION_WITHOUT_SUPPORT
    assert [line for line in warned if "its standard support ended on 2026-03-23" in line]


def test_every_input_is_one_that_the_packages_know_and_of_its_type(cluster: Graph) -> None:
    resources = of_aws(cluster)
    assert len(resources) > 30
    assert not [line for resource in resources for line in resource_schema.mistakes(resource)]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"clusterName": 3}, ["clusterName: 3 is no str", "nodeRoleArn: is missing", "scalingConfig: is missing"]),
        ({"subnetIds": ["a", 1]}, ["subnetIds[1]: 1 is no str"]),
        ({"subnetIds": "a"}, ["subnetIds: 'a' is no "]),
        ({"scalingConfig": {"minSize": True, "maxsize": 3}}, ["minSize: True is no int", "maxsize: there is no such"]),
        ({"tags": {"a": 1}}, ["tags.a: 1 is no str"]),
        ({"launchTemplate": {"id": "x"}}, ["launchTemplate.version: is missing"]),
    ],
)
def test_the_judgement_of_inputs_finds_mistakes(given: Mapping[str, Any], expected: list[str]) -> None:
    errors = list(resource_schema.value_errors(aws.eks.NodeGroupArgs, given, "nodes"))
    assert all(any(text in line for line in errors) for text in expected), errors


def test_everything_of_aws_uses_the_one_provider_of_the_configured_region(name: str, cluster: Graph) -> None:
    [provider] = cluster.of("aws")
    assert provider.inputs["region"] == cluster_region(name)
    alone = [resource for resource in of_aws(cluster) if resource.request.custom]
    assert not [resource.urn for resource in alone if resource.request.provider.rsplit("::", 1)[0] != provider.urn]
    assert [resource.request.providers["aws"].rsplit("::", 1)[0] for resource in cluster.of("Cluster")] == [
        provider.urn
    ]


def test_the_admins_kubeconfig_is_secret_and_no_output(cluster: Graph) -> None:
    assert "canary-of-the-admin" in str(recorded_values(cluster))
    assert not [text for text in clear_texts(recorded_values(cluster)) if "canary-of-the-admin" in text]
    assert "canary-of-the-admin" not in str(cluster.outputs)
    assert ADMIN not in str(cluster.outputs)


def test_deployers_reach_the_server_of_the_cluster_with_their_token(cluster: Graph) -> None:
    assert "https://eks.example.test" in str(cluster.outputs["targets"])


def test_a_new_kubeconfig_replaces_no_object(cluster: Graph, recording_of: Recorder) -> None:
    for graph in (cluster, recording_of("nonprod", built=False, preview=True)):
        for provider in graph.of("kubernetes"):
            assert provider.inputs["clusterIdentifier"].startswith("boutique/")


def test_every_api_server_is_reached_in_its_vpc(cluster: Graph) -> None:
    [made] = cluster.of("Cluster")
    assert made.inputs["endpointPrivateAccess"] is True


def test_the_api_server_is_open_to_named_networks_only() -> None:
    [named] = record_changed_cluster(publicCidrs=["198.51.100.0/24", "192.0.2.7/32"]).of("Cluster")
    assert named.inputs["endpointPublicAccess"] is True
    assert named.inputs["publicAccessCidrs"] == ["198.51.100.0/24", "192.0.2.7/32"]
    [alone] = record_changed_cluster(publicCidrs=[]).of("Cluster")
    assert alone.inputs["endpointPublicAccess"] is False
    assert "publicAccessCidrs" not in alone.inputs


def test_the_cluster_is_guarded(cluster: Graph) -> None:
    [made] = cluster.of("Cluster")
    assert made.inputs["authenticationMode"] == "API"
    assert made.inputs["upgradePolicy"] == {"supportType": "STANDARD"}
    assert made.inputs["deletionProtection"] is True
    assert made.request.protect
    assert {"audit", "authenticator"} <= set(made.inputs["enabledClusterLogTypes"])
    assert cluster.one("Key", "cluster").inputs["enableKeyRotation"] is True
    log = cluster.one("LogGroup", "cluster")
    assert log.urn in cluster.before(made)
    assert log.inputs["name"] == f"/aws/eks/{made.inputs['name']}/cluster"


def test_without_protection_nothing_is_protected() -> None:
    config, secret = committed_values("nonprod")
    config["boutique:cluster"] = json.dumps({**json.loads(config["boutique:cluster"]), "protect": False})
    config["boutique:platform"] = json.dumps({"targets": {"dev": {"protect": False}}})
    graph = record_stack("nonprod", config=(config, secret))
    assert graph.of("Cluster")[0].inputs["deletionProtection"] is False
    assert not [resource.urn for resource in graph.resources if resource.request.protect]


def test_admins_get_an_access_entry_each() -> None:
    roles = ["arn:aws:iam::123456789012:role/platform", "arn:aws:iam::123456789012:role/sso/break-glass"]
    [made] = record_changed_cluster(admins=roles).of("Cluster")
    entries = made.inputs["accessEntries"]
    assert {key: entry["principalArn"] for key, entry in entries.items()} == dict(
        zip(("123456789012/platform", "123456789012/sso/break-glass"), roles, strict=True)
    )
    [policy] = {entry["accessPolicies"]["admin"]["policyArn"] for entry in entries.values()}
    assert policy == "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"


def test_nodes_are_in_private_subnets_and_pods_do_not_reach_their_identity(cluster: Graph) -> None:
    private = {
        subnet.name for subnet in cluster.of("Subnet") if "kubernetes.io/role/internal-elb" in subnet.inputs["tags"]
    }
    nodes = cluster.one("NodeGroup", "nodes")
    assert set(nodes.inputs["subnetIds"]) == {f"{name}-id" for name in private}
    assert nodes.inputs["amiType"] == "AL2023_x86_64_STANDARD"
    template = cluster.one("LaunchTemplate", "nodes").inputs
    assert template["metadataOptions"]["httpTokens"] == "required"
    assert template["metadataOptions"]["httpPutResponseHopLimit"] == 1
    [disk] = template["blockDeviceMappings"]
    assert disk["ebs"]["encrypted"] == "true"


def test_a_private_subnet_goes_out_through_a_nat_and_a_public_one_directly(cluster: Graph) -> None:
    tables = {table.name: table.inputs["routes"] for table in cluster.of("RouteTable")}
    for joined in cluster.of("RouteTableAssociation"):
        [route] = tables[joined.inputs["routeTableId"].removesuffix("-id")]
        kind = "gatewayId" if "-public-" in joined.name else "natGatewayId"
        assert route.keys() == {"cidrBlock", kind}, joined.name


def test_nodes_come_after_their_way_out_and_go_before_it(cluster: Graph) -> None:
    ways = {association.urn for association in cluster.of("RouteTableAssociation") if "-private-" in association.name}
    assert len(ways) == 3
    assert ways <= cluster.before(cluster.one("NodeGroup", "nodes"))


@pytest.mark.parametrize(("stack", "count"), [("nonprod", 1), ("prod-platform", 3)])
def test_there_is_a_nat_in_each_zone_or_a_single_one(stack: str, count: int, recording_of: Recorder) -> None:
    graph = recording_of(stack)
    nats = graph.of("NatGateway")
    assert len(nats) == len(graph.of("Eip")) == count
    assert {nat.inputs["subnetId"] for nat in nats} <= {
        f"{subnet.name}-id" for subnet in graph.of("Subnet") if "-public-" in subnet.name
    }
    used = [route["natGatewayId"] for table in graph.of("RouteTable") for route in table.inputs["routes"][:1]
            if "natGatewayId" in route]  # fmt: skip
    assert len(used) == 3
    assert len(set(used)) == count


def test_a_vpc_that_is_there_is_used_as_it_is() -> None:
    network = {"kind": "existing", "vpc": "vpc-1", "privateSubnets": ["subnet-1", "subnet-2"],
               "publicSubnets": ["subnet-3"]}  # fmt: skip
    graph = record_changed_cluster(network=network)
    assert not graph.of("Vpc") + graph.of("Subnet") + graph.of("NatGateway")
    [made] = graph.of("Cluster")
    assert (made.inputs["privateSubnetIds"], made.inputs["publicSubnetIds"]) == (["subnet-1", "subnet-2"], ["subnet-3"])
    assert graph.one("NodeGroup", "nodes").inputs["subnetIds"] == ["subnet-1", "subnet-2"]
    assert graph.one("Release", "load-balancer-controller").inputs["values"]["vpcId"] == "vpc-1"


def test_every_addon_has_an_exact_version_and_those_with_pods_come_after_the_nodes(cluster: Graph) -> None:
    nodes = cluster.one("NodeGroup", "nodes").urn
    addons = {addon.inputs["addonName"]: addon for addon in cluster.of("Addon")}
    assert addons.keys() == {"coredns", "eks-pod-identity-agent", "aws-ebs-csi-driver", "metrics-server"}
    for addon in addons.values():
        assert addon.inputs["addonVersion"].startswith("v")
        assert nodes in cluster.before(addon)
    [made] = cluster.of("Cluster")
    assert made.inputs["vpcCniOptions"]["enableNetworkPolicy"] is True
    assert made.inputs["vpcCniOptions"]["addonVersion"]
    assert made.inputs["kubeProxyAddonOptions"]["version"].startswith(f"v{made.inputs['version']}.")


def test_the_storage_driver_touches_volumes_of_its_own_cluster_only(cluster: Graph) -> None:
    attachments = [
        attachment.inputs for attachment in cluster.of("RolePolicyAttachment") if "ebs-csi" in attachment.name
    ]
    assert [attachment["policyArn"].rpartition("/")[2] for attachment in attachments] == [
        "AmazonEBSCSIDriverEKSClusterScopedPolicy"
    ]
    assert not [policy for policy in cluster.of("RolePolicy") if "ebs-csi" in policy.name]


def test_whatever_runs_pods_comes_after_nodes_and_names(cluster: Graph) -> None:
    first = {cluster.one("NodeGroup", "nodes").urn, cluster.one("Addon", "addons-coredns").urn}
    late = [
        *cluster.of("Deployment"),
        *(resource for resource in cluster.of("Release") if resource.name != "mesh-base"),
    ]
    assert len(late) >= 3
    for resource in late:
        assert first <= cluster.before(resource), resource.urn


def test_what_makes_load_balancers_outlives_the_gateway_and_its_own_rights_outlive_it(cluster: Graph) -> None:
    controller = cluster.one("Release", "load-balancer-controller")
    assert controller.urn in cluster.before(cluster.one("Release", "ingress-gateway"))
    rights = {
        cluster.one(kind, "load-balancer-controller").urn for kind in ("RolePolicy", "PodIdentityAssociation", "Role")
    }
    assert rights | {cluster.one("Addon", "addons-eks-pod-identity-agent").urn} <= cluster.before(controller)


def test_the_gateway_asks_that_controller_for_its_load_balancer(cluster: Graph) -> None:
    assert (
        cluster.one("Release", "ingress-gateway").inputs["values"]["service"]["loadBalancerClass"]
        == "service.k8s.aws/nlb"
    )
    inputs = cluster.one("Release", "load-balancer-controller").inputs
    assert inputs["version"] == "3.6.0"
    assert inputs["repositoryOpts"] == {"repo": "https://aws.github.io/eks-charts"}
    assert inputs["values"]["clusterName"] == cluster.of("Cluster")[0].inputs["name"]
    association = cluster.one("PodIdentityAssociation", "load-balancer-controller").inputs
    assert association["serviceAccount"] == inputs["values"]["serviceAccount"]["name"]
    assert association["namespace"] == inputs["namespace"]


def test_rights_are_bound_to_the_cluster_wherever_aws_lets_them_be(production: Graph) -> None:
    for statement in statements(production, "load-balancer-controller"):
        assert not [action for action in statement["Action"] if "*" in action], statement["Sid"]
        changes = [
            action for action in statement["Action"] if not action.split(":")[1].startswith(("Describe", "Get", "List"))
        ]
        if not changes:
            continue
        for resource in statement["Resource"]:
            # IAM's own, Elastic Load Balancing's, EC2's: all of this account, whether the file names it or not.
            assert resource.split(":")[4] == ACCOUNT, statement["Sid"]
        bound = "boutique-prod-platform" in json.dumps(statement) or statement["Sid"] in {
            "LinkServiceRole",
            "MakeGroupsInVpc",
            "NameRules",
        }
        assert bound, statement["Sid"]


def test_every_statement_has_a_name_of_its_own_and_names_no_right_twice(production: Graph) -> None:
    own_statements = statements(production, "load-balancer-controller")
    # IAM refuses a document in which two have the same.
    names = [statement["Sid"] for statement in own_statements]
    assert len(names) == len({*names})
    for statement in own_statements:
        assert len(statement["Action"]) == len({*statement["Action"]}), statement["Sid"]


def test_roles_are_taken_by_who_they_are_for_and_nobody_else(production: Graph) -> None:
    trusts = {
        resource.name: json.loads(resource.inputs["assumeRolePolicy"])["Statement"][0]
        for resource in of_aws(production)
        if resource.type.endswith(":Role")
    }
    assert trusts["nodes"]["Principal"] == {"Service": "ec2.amazonaws.com"}
    for name, account_name in (
        ("load-balancer-controller", "aws-load-balancer-controller"),
        ("addons-aws-ebs-csi-driver", "ebs-csi-controller-sa"),
    ):
        assert trusts[name]["Principal"] == {"Service": "pods.eks.amazonaws.com"}
        tags = trusts[name]["Condition"]["StringEquals"]
        assert tags["aws:RequestTag/kubernetes-service-account"] == account_name
        assert tags["aws:RequestTag/eks-cluster-name"] == "boutique-prod-platform"


@pytest.mark.parametrize("stack", ["local", "dev"])
def test_stacks_without_a_cluster_of_their_own_never_load_the_packages_for_aws(stack: str) -> None:
    script = (
        "import sys; from tests.support.graph.stack_recordings import record_stack\n"
        f"record_stack({stack!r}); print(*sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = set(done.stdout.split())
    assert "pulumi_kubernetes" in loaded
    heavy = {
        "pulumi_aws",
        "pulumi_eks",
        "components.eks",
        "stacks.layers.eks_cluster",
        "pulumi_kubernetes.core.v1",
    }
    assert not loaded & heavy


def test_only_the_components_for_eks_import_the_packages_for_aws() -> None:
    paths = [
        path.relative_to(ROOT)
        for folder in ("boutique", "components", "ops", "lab")
        for path in (ROOT / folder).rglob("*.py")
        if re.search(r"^\s*(import|from) pulumi_(aws|eks)\b", path.read_text(), re.MULTILINE)
    ]
    assert paths
    assert {path.parent.as_posix() for path in paths} == {"components/eks"}
