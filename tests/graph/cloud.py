"""What the cluster and other stacks answer while a program is recorded."""

import base64
from typing import Any

from pulumi.runtime import mocks

from boutique.kubeconfig import ApiServer, for_token

TOKEN = "canary-of-the-deployers-token"  # noqa: S105 - a canary, not a password
KUBECONFIG = for_token(
    ApiServer(server="https://127.0.0.1:1", entry={"server": "https://127.0.0.1:1"}),
    namespace="elsewhere",
    user="deployer",
    token="canary-of-another-stacks-token",  # noqa: S106 - a canary, not a password
)


class Cloud(mocks.Mocks):
    """Echoes inputs and fills in what the cluster would.

    Args:
        targets: The output of the stack that owns the cluster; None when that stack was never deployed.
        built: Whether the cluster has answered already; a first preview knows nothing.
    """

    def __init__(self, targets: dict[str, Any] | None = None, *, built: bool = True) -> None:
        self.targets = targets
        self.built = built

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        state = dict(args.inputs)
        if args.typ == "pulumi:pulumi:StackReference":
            outputs = {} if self.targets is None else {"targets": self.targets}
            return args.name, {**state, "outputs": outputs, "secretOutputNames": list(outputs)}
        if self.built and args.typ == "kubernetes:core/v1:Secret" and "token" in state.get("type", ""):
            state["data"] = {"token": base64.b64encode(TOKEN.encode()).decode()}
        if self.built and state.get("spec", {}).get("type") == "LoadBalancer":
            state["status"] = {"loadBalancer": {"ingress": [{"hostname": "lb.example.test"}]}}
        if self.built and args.typ == "kubernetes:apps/v1:Deployment":
            # Amid a rolling update, when an old pod is still there.
            state["status"] = {"readyReplicas": state["spec"]["replicas"] + 1}
        return f"{args.name}-id", state

    def call(self, args: mocks.MockCallArgs) -> dict[str, Any]:
        raise AssertionError(f"the program looks something up at preview: {args.token}")
