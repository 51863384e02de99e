"""What no deployer may write in its target, because it would reach beyond it, as a ValidatingAdmissionPolicy.

A Role says which kinds, and in which namespace. But some objects of one namespace concern others: pods that have their
node's files or its network, Services that claim addresses, and VirtualServices, which Istio by default applies to the
callers of every namespace.
"""

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from boutique.admission import POD_KINDS, WRITES, by_deployers, containers_of, pods_of
from boutique.workload import Workload

Spec = dict[str, Any]

_SECURITY = "{0}.?securityContext"


def rule(workloads: Iterable[Workload], namespace: str) -> Spec:
    """Return the `spec` of the rule.

    Args:
        workloads: Those of the application: their own annotations, and Services for the internet, are let through.
        namespace: Of the target.
    """
    known = list(workloads)
    kinds = [*POD_KINDS.items(), (("", "v1"), ("services",)), (("networking.istio.io", "*"), ("virtualservices",))]
    makes_pods = "!(object.kind in ['Service', 'VirtualService'])"
    return {
        "failurePolicy": "Fail",
        "matchConstraints": {
            "resourceRules": [
                {"apiGroups": [group], "apiVersions": [version], "resources": list(names), "operations": WRITES}
                for (group, version), names in kinds
            ]
        },
        "matchConditions": [by_deployers()],
        "variables": [
            {"name": "pods", "expression": pods_of("object")},
            {"name": "pod", "expression": "variables.pods.spec"},
            {"name": "containers", "expression": containers_of("variables.pod")},
        ],
        "validations": [
            *(
                {"expression": f"!({makes_pods}) || ({expression})", "message": message}
                for expression, message in _pods(known)
            ),
            {
                "expression": f"object.kind != 'Service' || ({_service(known)})",
                "message": "a deployer's Services are of type ClusterIP, without externalIPs",
            },
            {
                "expression": f"object.kind != 'VirtualService' || ({_virtual_service(namespace)})",
                "message": f"a deployer's VirtualServices are for Services of {namespace}, by short or full names",
            },
        ],
    }


def _pods(workloads: Iterable[Workload]) -> Iterator[tuple[str, str]]:
    """Return what holds for pods, with what is said otherwise.

    The first two are the standard `baseline`, which the namespace itself cannot ask for as long as pods redirect their
    own traffic: https://kubernetes.io/docs/concepts/security/pod-security-standards/#baseline
    """
    pod, containers = "variables.pod", "variables.containers"
    shares = " && ".join(f"!{pod}.?{name}.orValue(false)" for name in ("hostNetwork", "hostPID", "hostIPC"))
    yield (
        f"{shares} && !has({pod}.nodeName) && {pod}.?volumes.orValue([]).all(v, !has(v.hostPath)) && "
        f"{containers}.all(c, c.?ports.orValue([]).all(p, p.?hostPort.orValue(0) == 0))",
        "a deployer's pods have nothing of their node: no host namespaces, ports or paths, no nodeName",
    )
    own = _SECURITY.format("c")
    yield (
        f"{containers}.all(c, !{own}.?privileged.orValue(false) && "
        f"size({own}.?capabilities.?add.orValue([])) == 0 && "
        f"{own}.?procMount.orValue('Default') == 'Default' && {_confined(own)}) && "
        f"{_confined(_SECURITY.format(pod))} && size({_SECURITY.format(pod)}.?sysctls.orValue([])) == 0",
        "a deployer's pods get no privileges: not privileged, no capabilities, confined as usual",
    )
    yield f"!has({pod}.priorityClassName)", "a deployer's pods push no others aside: no priorityClassName"
    allowed = json.dumps(sorted({key for each in workloads for key in each.annotations}))
    yield (
        "!has(variables.pods.metadata) || variables.pods.metadata.?annotations.orValue({})"
        f".all(k, !k.contains('istio.io/') || k in {allowed})",
        "the proxy of a pod is the mesh's to set up: no other annotations of istio.io than the application's own",
    )
    yield (
        f"{containers}.all(c, !c.name.startsWith('istio-'))",
        "the proxy of a pod is the mesh's to set up: no containers called istio-…",
    )


def _confined(security: str) -> str:
    """Return whether the node's defences are as they are for everybody."""
    return (
        f"{security}.?seccompProfile.?type.orValue('RuntimeDefault') != 'Unconfined' && "
        f"{security}.?appArmorProfile.?type.orValue('RuntimeDefault') != 'Unconfined' && "
        f"!{security}.?seLinuxOptions.hasValue()"
    )


def _service(workloads: Iterable[Workload]) -> str:
    external = json.dumps(sorted({each.external_service for each in workloads if each.external_service}))
    kind = "object.spec.?type.orValue('ClusterIP')"
    return (
        f"size(object.spec.?externalIPs.orValue([])) == 0 && "
        f"({kind} == 'ClusterIP' || ({kind} == 'LoadBalancer' && object.metadata.name in {external}))"
    )


def _virtual_service(namespace: str) -> str:
    """Return whether the callers of other namespaces are left alone.

    What is for a gateway only is that gateway's to judge: it says which namespace may use which host.
    """
    service = json.dumps(f"^[a-z0-9-]+([.]{re.escape(namespace)}[.]svc[.]cluster[.]local)?$")
    gateways = "object.spec.?gateways.orValue([])"
    return (
        f"(size({gateways}) > 0 && !('mesh' in {gateways})) || "
        f"object.spec.?hosts.orValue([]).all(h, h.matches({service}))"
    )
