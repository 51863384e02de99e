"""A cluster of the stack's own on Amazon EKS."""

from datetime import UTC, datetime

import pulumi

from boutique.application.application import Application
from boutique.checks import cluster
from boutique.checks.eks import certificate_elsewhere, warnings
from boutique.eks import account, network
from boutique.eks.controller import values as controller_values
from boutique.eks.iam import Scope
from boutique.helm.releases import Descriptions, HelmRelease, load_balancer_controller, platform_releases
from boutique.kubernetes import client, kubeconfig
from boutique.kubernetes.client import KubernetesApi
from boutique.kubernetes.kubeconfig import ApiServer, KubeconfigError
from boutique.mesh.gateway_api import GatewayApiError
from boutique.settings import eks_versions
from boutique.settings.eks_settings import EksCluster, ExistingNetwork
from boutique.settings.errors import ErrorLine, SettingsError
from boutique.settings.stack import Environment, Platform
from components.eks.account import provider as aws_provider
from components.eks.addons import Addons, AddonsArgs
from components.eks.controller import LoadBalancerController, LoadBalancerControllerArgs
from components.eks.controlplane import ControlPlane, ControlPlaneArgs
from components.eks.network import Network, NetworkArgs, Subnets
from components.eks.nodes import NodeGroup, NodesArgs
from stacks.cluster_access import ClusterAccess
from stacks.configuration import configured_keys
from stacks.helm_recovery import recover_releases
from stacks.provider import provider


def connect(
    settings: EksCluster, platform: Platform, environment: Environment | None, application: Application
) -> ClusterAccess:
    """Build the cluster, and return how its admin reaches it.

    Args:
        settings: The cluster.
        platform: What will be built on it.
        environment: The environment of the same stack, if it has one.
        application: What the environment runs.

    Raises:
        SettingsError: No region is configured, the certificate is in another one, or a key of `aws:` is not read.
        AwsError: AWS cannot be reached with what this machine has.
    """
    region = _region(settings, platform)
    for line in warnings(settings, datetime.now(UTC).date()):
        pulumi.log.warn(line)
    whose = account.check(region, settings.account)
    cluster_name = f"{pulumi.get_project()}-{pulumi.get_stack()}"
    scope = Scope(region=region, account=whose, cluster=cluster_name)
    tags = {"boutique.dev/project": pulumi.get_project(), "boutique.dev/stack": pulumi.get_stack()}
    aws = aws_provider("aws", region=region, account=settings.account, tags=tags)
    opts = pulumi.ResourceOptions(providers=[aws])

    addons = eks_versions.addons(settings.version, settings.addons)
    subnets = _subnets(settings, scope, opts)
    plane = ControlPlane(
        "cluster", ControlPlaneArgs(settings=settings, scope=scope, subnets=subnets, addons=addons), opts
    )
    nodes = NodeGroup(
        "nodes",
        NodesArgs(
            settings=settings.nodes, version=settings.version, scope=scope, subnets=subnets, cluster=plane.cluster
        ),
        opts,
    )
    running = Addons("addons", AddonsArgs(versions=addons, scope=scope, nodes=nodes.ready), opts)
    # Everything in the cluster is made with it, so nothing is before the check has succeeded.
    checked = plane.kubeconfig.apply(
        lambda content: (content, _checked_admin(content, application, platform, environment))
    )
    admin = provider("cluster", kubeconfig=checked.apply(lambda both: both[0]))
    pods = [nodes.ready, running.names]
    descriptions = pulumi.Output.unsecret(
        pulumi.Output.all(checked.apply(lambda both: both[1]), subnets.vpc).apply(
            lambda outputs: _recover(outputs[0], _releases(settings, platform, scope, outputs[1]))
        )
    )
    controller = LoadBalancerController(
        "load-balancer-controller",
        LoadBalancerControllerArgs(
            settings=settings.load_balancer_controller,
            scope=scope,
            vpc=subnets.vpc,
            after=[*pods, running.identities],
            descriptions=descriptions,
        ),
        pulumi.ResourceOptions(providers=[aws, admin]),
    )
    return ClusterAccess(
        provider=admin,
        api_server=plane.kubeconfig.apply(_answering),
        descriptions=descriptions,
        pods=pods,
        load_balancers=[controller.ready],
    )


def _region(settings: EksCluster, platform: Platform) -> str:
    errors = list(account.ineffective_settings(configured_keys("aws")))
    region = settings.region or pulumi.Config("aws").get("region")
    if region:
        errors += certificate_elsewhere(region, platform)
    else:
        errors.append(
            ErrorLine(
                "missing",
                "boutique:cluster.region: is missing; set it, or aws:region, to where the cluster is: eu-central-1, …",
            )
        )
    if not region or errors:
        raise SettingsError(errors)
    return region


def _answering(content: str) -> ApiServer:
    """Return the API server; in a preview only if it answers, since a plan without it would not be true."""
    api_server = kubeconfig.reached_by(content)
    if pulumi.runtime.is_dry_run():
        try:
            client.ensure_reachable(api_server, "the cluster of this stack")
        except KubeconfigError as error:
            raise pulumi.RunError(
                f"{error}; is this machine in one of the networks of boutique:cluster.publicCidrs?"
            ) from None
    return api_server


def _releases(settings: EksCluster, platform: Platform, scope: Scope, vpc: str) -> list[HelmRelease]:
    """Return the Helm releases of a cluster and its platform."""
    replicas = settings.load_balancer_controller.replicas
    values = controller_values(cluster=scope.cluster, region=scope.region, replicas=replicas)
    return [load_balancer_controller({**values, "vpcId": vpc}), *platform_releases(platform)]


def _recover(api: KubernetesApi, releases: list[HelmRelease]) -> Descriptions:
    try:
        return recover_releases(api, releases)
    except KubeconfigError as error:
        raise pulumi.RunError(str(error)) from None


def _checked_admin(
    content: str, application: Application, platform: Platform, environment: Environment | None
) -> KubernetesApi:
    """Return the admin of a kubeconfig, unless what would be built belongs to others."""
    home = cluster.home_of(platform, environment)
    try:
        admin = client.for_admin(content)
        warning = cluster.check(admin, application, platform, environment, home, pulumi.get_stack())
    except (KubeconfigError, SettingsError, GatewayApiError) as error:
        raise pulumi.RunError(str(error)) from None
    if warning:
        pulumi.log.warn(warning)
    return admin


def _subnets(settings: EksCluster, scope: Scope, opts: pulumi.ResourceOptions) -> Subnets:
    network_settings = settings.network
    if isinstance(network_settings, ExistingNetwork):
        return Subnets(
            vpc=network_settings.vpc, private=network_settings.private_subnets, public=network_settings.public_subnets
        )
    args = NetworkArgs(
        cidr=network_settings.cidr,
        zones=network.plan(network_settings.cidr, network_settings.zones),
        region=scope.region,
        single_nat=network_settings.nat == "single",
        vpc_name=scope.cluster,
    )
    return Network("network", args, opts).subnets
