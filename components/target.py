"""The target of one environment on a cluster."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi

from boutique.kubernetes.kubeconfig import ApiServer
from boutique.names.labels import Owner
from boutique.targets.quota import DEFAULT_LIMITS, DEFAULT_REQUESTS
from boutique.targets.rbac import DEPLOYER_RULES, FEATURES_RULES, RbacRule
from boutique.targets.target_names import deployer, features_deployer
from boutique.workloads.pull_credentials import SECRET_NAME
from components.deployer import Deployer, DeployerArgs
from components.kubernetes_object import KubernetesObject
from components.metadata import ObjectScope, metadata, name_of
from components.namespace import namespace


@dataclass(frozen=True, kw_only=True)
class TargetArgs:
    """What a `Target` needs to know.

    Attributes:
        namespace: Its name.
        labels: Of the namespace.
        deletion_seconds: How long to wait for its end.
        after: What has to be there before any pod is; it goes after them.
        hard_limits: The `hard` section of its ResourceQuota.
        deployers: The namespace that deployers' identities live in.
        api_server: Where this stack reaches the cluster.
        handed_on: Where deployers elsewhere do.
        owner: The stack that owns the objects.
        registry_credentials: A Docker configuration that may pull the images; None when they are public.
        protect: Whether Pulumi refuses to delete or replace the namespace.
        features: Whether feature stacks may come.
    """

    namespace: str
    labels: Mapping[str, str]
    deletion_seconds: int
    after: Sequence[pulumi.Resource]
    hard_limits: Mapping[str, str]
    deployers: pulumi.Input[str]
    api_server: pulumi.Output[ApiServer]
    handed_on: pulumi.Output[ApiServer]
    owner: Owner
    registry_credentials: pulumi.Output[str] | None
    protect: bool
    features: bool


class Target(pulumi.ComponentResource):
    """A namespace with its limits, and the deployers that may use it.

    Attributes:
        namespace: The name of the namespace, known once it is there.
        kubeconfig: The environment's deployer's, for this stack; secret.
        handed_on: The same for the stack of an environment, wherever it is deployed from; secret.
        features: That of feature stacks; secret. None if none may come.
    """

    namespace: pulumi.Output[str]
    kubeconfig: pulumi.Output[str]
    handed_on: pulumi.Output[str]
    features: pulumi.Output[str] | None

    def __init__(self, name: str, args: TargetArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("boutique:index:Target", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)

        home = namespace(
            name,
            args.namespace,
            labels=args.labels,
            deletion_seconds=args.deletion_seconds,
            owner=args.owner,
            # Everything else in here waits for the namespace: a pod made before the mesh is ready would have no proxy.
            opts=pulumi.ResourceOptions(parent=self, depends_on=args.after, protect=args.protect),
        )
        self.namespace = name_of(home.metadata)
        scope = ObjectScope(namespace=self.namespace, owner=args.owner)
        KubernetesObject(
            name,
            "v1",
            "ResourceQuota",
            child,
            metadata=metadata("environment", scope),
            spec={"hard": args.hard_limits},
        )
        # For init containers, and for what other people deploy.
        container = {
            "type": "Container",
            "defaultRequest": DEFAULT_REQUESTS.as_written(),
            "default": DEFAULT_LIMITS.as_written(),
        }
        KubernetesObject(
            name,
            "v1",
            "LimitRange",
            child,
            metadata=metadata("containers", scope),
            spec={"limits": [container]},
        )
        if args.registry_credentials is not None:
            KubernetesObject(
                name,
                "v1",
                "Secret",
                child,
                metadata=metadata(SECRET_NAME, scope),
                type="kubernetes.io/dockerconfigjson",
                stringData={".dockerconfigjson": args.registry_credentials},
            )
        environment = self._deployer(deployer(name), "deployer", DEPLOYER_RULES, scope, args)
        self.kubeconfig, self.handed_on = environment.kubeconfig, environment.handed_on
        self.features = (
            self._deployer(features_deployer(name), "features", FEATURES_RULES, scope, args).handed_on
            if args.features
            else None
        )
        self.register_outputs({"namespace": self.namespace, "kubeconfig": self.handed_on})

    def _deployer(
        self, name: str, role: str, rules: Sequence[RbacRule], scope: ObjectScope, args: TargetArgs
    ) -> Deployer:
        """Create an identity."""
        may = DeployerArgs(
            role=role,
            rules=rules,
            scope=scope,
            home=args.deployers,
            api_server=args.api_server,
            handed_on=args.handed_on,
        )
        return Deployer(name, may, pulumi.ResourceOptions(parent=self))
