"""The identity that deploys into one namespace, and into nothing else."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from boutique.kubernetes.kubeconfig import ApiServer, for_token
from boutique.targets.rbac import RbacRule
from components.kubernetes_object import KubernetesObject
from components.metadata import ObjectScope, metadata, name_of

_RBAC = "rbac.authorization.k8s.io"


@dataclass(frozen=True, kw_only=True)
class DeployerArgs:
    """What a `Deployer` needs to know.

    Attributes:
        role: The name of its Role.
        rules: What it may do.
        scope: The namespace it may deploy into, and the stack that owns the objects.
        home: The namespace its identity lives in; another one, since a pod may mount every token of its namespace.
        api_server: Where this stack reaches the cluster.
        handed_on: Where others do, with the same token.
    """

    role: str
    rules: Sequence[RbacRule]
    scope: ObjectScope
    home: pulumi.Input[str]
    api_server: pulumi.Output[ApiServer]
    handed_on: pulumi.Output[ApiServer]


class Deployer(pulumi.ComponentResource):
    """May do in one namespace what the rules of its Role say, and nothing anywhere else.

    Attributes:
        kubeconfig: Reaches that namespace with the deployer's token, from where this stack is deployed; secret.
        handed_on: The same for other stacks and CI; secret.
    """

    kubeconfig: pulumi.Output[str]
    handed_on: pulumi.Output[str]

    def __init__(self, name: str, args: DeployerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("boutique:index:Deployer", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        in_namespace = metadata(args.role, args.scope)
        at_home = ObjectScope(namespace=args.home, owner=args.scope.owner)

        account = KubernetesObject(name, "v1", "ServiceAccount", child, metadata=metadata(name, at_home))
        account_name = name_of(account.metadata)
        role = KubernetesObject(
            name,
            f"{_RBAC}/v1",
            "Role",
            child,
            metadata=in_namespace,
            rules=[
                {"apiGroups": [rule.group], "resources": rule.resources, "verbs": rule.verbs} for rule in args.rules
            ],
        )
        binding = KubernetesObject(
            name,
            f"{_RBAC}/v1",
            "RoleBinding",
            child,
            metadata=in_namespace,
            roleRef={"apiGroup": _RBAC, "kind": "Role", "name": name_of(role.metadata)},
            subjects=[{"kind": "ServiceAccount", "name": account_name, "namespace": args.home}],
        )
        token = KubernetesObject(
            name,
            "v1",
            "Secret",
            # Whoever holds the kubeconfig may use it at once.
            pulumi.ResourceOptions(parent=self, depends_on=[binding]),
            metadata=metadata(name, at_home, annotations={"kubernetes.io/service-account.name": account_name}),
            type="kubernetes.io/service-account-token",
        )

        def kubeconfig(api_server: pulumi.Output[ApiServer]) -> pulumi.Output[str]:
            outputs = pulumi.Output.all(api_server, args.scope.namespace, token.data)
            return pulumi.Output.secret(
                outputs.apply(
                    lambda facts: for_token(
                        facts[0], namespace=facts[1], user=name, token=base64.b64decode(facts[2]["token"]).decode()
                    )
                )
            )

        self.kubeconfig = kubeconfig(args.api_server)
        self.handed_on = kubeconfig(args.handed_on)
        self.register_outputs({"kubeconfig": self.handed_on})
