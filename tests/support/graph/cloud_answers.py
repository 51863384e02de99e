"""What the cluster and other stacks answer while a program is recorded."""

import base64
import json
from collections.abc import Mapping
from typing import Any

import grpc
import pulumi
from pulumi.runtime import mocks

from boutique.kubernetes.kubeconfig import ApiServer, for_token

TOKEN = "canary-of-the-deployers-token"  # noqa: S105 - a canary, not a password
KUBECONFIG = for_token(
    ApiServer(server="https://127.0.0.1:1", entry={"server": "https://127.0.0.1:1"}),
    namespace="elsewhere",
    user="deployer",
    token="canary-of-another-stacks-token",  # noqa: S106 - a canary, not a password
)

ADMIN = json.dumps(
    {
        "clusters": [{"name": "kubernetes", "cluster": {"server": "https://eks.example.test"}}],
        "users": [{"name": "aws", "user": {"exec": {"command": "aws", "args": ["canary-of-the-admin"]}}}],
    }
)
"""The kubeconfig of a cluster's admin, which no stack may hand on."""


class Refusal(grpc.RpcError):
    """What the engine answers, in its own words."""

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self.words = words

    def code(self) -> grpc.StatusCode:
        return grpc.StatusCode.UNKNOWN

    def details(self) -> str:
        return self.words


class Cloud(mocks.Mocks):
    """Echoes inputs and fills in what the cluster would.

    Args:
        stacks: The outputs of other stacks by name; one that was never deployed has none.
        built: Whether the cluster has answered already; a first preview knows nothing.
        state: The stack's own resources before the update, by URN.
    """

    def __init__(
        self,
        stacks: Mapping[str, dict[str, Any]] | None = None,
        *,
        built: bool = True,
        state: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> None:
        self.stacks = stacks or {}
        self.built = built
        self.state = state or {}

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        state = dict(args.inputs)
        if self.built and args.typ == "kubernetes:core/v1:Secret" and "token" in state.get("type", ""):
            state["data"] = {"token": base64.b64encode(TOKEN.encode()).decode()}
        if self.built and args.typ.startswith("aws:"):
            state = {"name": args.name, "arn": f"arn:aws:example:::{args.name}", "latestVersion": 1, **state}
        if self.built and args.typ == "eks:index:Cluster":
            state["kubeconfigJson"] = ADMIN
        if self.built and state.get("spec", {}).get("type") == "LoadBalancer":
            state["status"] = {"loadBalancer": {"ingress": [{"hostname": "lb.example.test"}]}}
        if self.built and args.typ == "kubernetes:apps/v1:Deployment":
            # Amid a rolling update, when an old pod is still there.
            state["status"] = {"readyReplicas": state["spec"]["replicas"] + 1}
        return f"{args.name}-id", state

    def call(self, args: mocks.MockCallArgs) -> Any:
        own = f"{pulumi.get_organization()}/{pulumi.get_project()}/{pulumi.get_stack()}"
        if args.token == "pulumi:pulumi:readStackResourceOutputs":  # noqa: S105 - a function of the engine
            assert args.args == {"stackName": own}
            return {"name": own, "outputs": self.state}
        if args.token != "pulumi:pulumi:readStackOutputs":  # noqa: S105 - a function of the engine, not a password
            raise AssertionError(f"the program looks something up at preview: {args.token}")
        name = args.args["name"]
        stack = name.removeprefix(own.removesuffix(pulumi.get_stack()))
        if stack not in self.stacks and name != own:
            raise Refusal(f'invocation of {args.token} returned an error: unknown stack "{name}"')
        outputs = self.stacks.get(stack, {})
        return {"name": name, "outputs": outputs, "secretOutputNames": list(outputs)}
