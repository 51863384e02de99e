"""Services that claim no addresses but those which the cluster gives them."""

import json
from collections.abc import Sequence

from boutique.admission.rule import Spec, spec, validation


def rule(external: Sequence[str], deployer: str) -> Spec:
    """Return the `spec` of the rule.

    Args:
        external: The Services by which people reach workloads without the ingress.
        deployer: The user that may make those.
    """
    kind = "object.spec.?type.orValue('ClusterIP')"
    # How a load balancer is made is the cluster's to say: whose addresses, whose security groups.
    to_people = (
        f"{kind} == 'LoadBalancer' && object.metadata.name in {json.dumps(list(external))} && "
        f"request.userInfo.username == {json.dumps(deployer)} && "
        "!has(object.spec.loadBalancerIP) && !has(object.spec.loadBalancerClass) && "
        "object.metadata.?annotations.orValue({}).all(k, !k.startsWith('service.beta.kubernetes.io/'))"
    )
    return spec(
        {("", "v1"): ("services",)},
        [
            validation(
                f"size(object.spec.?externalIPs.orValue([])) == 0 && ({kind} == 'ClusterIP' || ({to_people}))",
                f"a deployer's Services are of type {_allowed_types(external)}, without externalIPs",
            )
        ],
    )


def _allowed_types(external: Sequence[str]) -> str:
    return f"ClusterIP, or LoadBalancer with nothing set if called {', '.join(external)}" if external else "ClusterIP"
