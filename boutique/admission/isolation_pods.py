"""Pods that have nothing of their node, and leave their neighbours alone; and the budgets for their disruption."""

import json
from collections.abc import Iterable, Iterator

from boutique.admission.channel import POD_KINDS, containers_of, pods_of
from boutique.admission.rule import Spec, spec, validation
from boutique.application.workload import Workload

MOST_GRACE_SECONDS = 600
"""EKS gives up an update of nodes when a pod is not gone after 15 minutes: error PodEvictionFailure of
https://docs.aws.amazon.com/eks/latest/userguide/managed-node-update-behavior.html"""

_BUDGET = "PodDisruptionBudget"


def rule(workloads: Iterable[Workload]) -> Spec:
    """Return the `spec` of the rule.

    Args:
        workloads: Those of the application, whose own annotations are let through.
    """
    annotations = sorted({key for workload in workloads for key in workload.annotations})
    is_budget = f"object.kind == {json.dumps(_BUDGET)}"
    judged = [*_baseline(), *_neighbours(), *_proxy(annotations)]
    return spec(
        {**POD_KINDS, ("policy", "v1"): ("poddisruptionbudgets",)},
        [
            *(validation(f"{is_budget} || ({expression})", message) for expression, message in judged),
            validation(
                f"!({is_budget}) || ({_budget()})",
                "a deployer's budget lets one pod of the app that it is called after go",
            ),
        ],
        {
            "pods": pods_of("object"),
            "pod": "variables.pods.spec",
            "containers": containers_of("variables.pod"),
            "annotations": "variables.pods.?metadata.?annotations.orValue({})",
        },
    )


def _baseline() -> Iterator[tuple[str, str]]:
    """Return what holds for pods, with the message otherwise: the standard `baseline`.

    The namespace itself cannot ask for it as long as pods redirect their own traffic.

    https://kubernetes.io/docs/concepts/security/pod-security-standards/#baseline
    """
    shares = " && ".join(f"!variables.pod.?{name}.orValue(false)" for name in ("hostNetwork", "hostPID", "hostIPC"))
    handlers = ["livenessProbe", "readinessProbe", "startupProbe", "lifecycle.?postStart", "lifecycle.?preStop"]
    handler_fields = ", ".join(f"c.?{handler}" for handler in handlers)
    yield (
        f"{shares} && !has(variables.pod.nodeName) && "
        "variables.pod.?volumes.orValue([]).all(v, !has(v.hostPath)) && "
        "variables.containers.all(c, c.?ports.orValue([]).all(p, p.?hostPort.orValue(0) == 0)) && "
        # The kubelet asks from the node's network, to which the policies of the pods' do not apply.
        f"variables.containers.all(c, [{handler_fields}].all(h, "
        "h.?httpGet.?host.orValue('') == '' && h.?tcpSocket.?host.orValue('') == ''))",
        "a deployer's pods have nothing of their node: no host namespaces, ports or paths, no probe of another host, "
        "no nodeName",
    )
    # The old way to say it of AppArmor, which the API server still turns into the field of the pods.
    old = json.dumps("container.apparmor.security.beta.kubernetes.io/")
    yield (
        "variables.containers.all(c, !c.?securityContext.?privileged.orValue(false) && "
        "size(c.?securityContext.?capabilities.?add.orValue([])) == 0 && "
        "c.?securityContext.?procMount.orValue('Default') == 'Default' && "
        f"{_is_confined('c.?securityContext')}) && {_is_confined('variables.pod.?securityContext')} && "
        "size(variables.pod.?securityContext.?sysctls.orValue([])) == 0 && "
        f"variables.annotations.all(k, !k.startsWith({old}))",
        "a deployer's pods get no privileges: not privileged, no capabilities, confined as usual",
    )


def _neighbours() -> Iterator[tuple[str, str]]:
    """Return what keeps pods from being in the way of those of other namespaces."""
    yield (
        "!has(variables.pod.priorityClassName) && !has(variables.pod.tolerations)",
        "a deployer's pods push no others aside: no priorityClassName, no tolerations",
    )
    # Nothing that a term of a running pod rules out is scheduled beside it, from any namespace.
    terms = ", ".join(
        f"variables.pod.?affinity.?{affinity}.?requiredDuringSchedulingIgnoredDuringExecution.orValue([])"
        for affinity in ("podAntiAffinity", "podAffinity")
    )
    yield (
        f"[{terms}].all(terms, terms.all(t, !has(t.namespaces) && !has(t.namespaceSelector)))",
        "a deployer's pods keep away from those of their own namespace only: no namespaces in an affinity",
    )
    yield (
        f"variables.pod.?terminationGracePeriodSeconds.orValue(30) <= {MOST_GRACE_SECONDS} && "
        "size(variables.pods.?metadata.?finalizers.orValue([])) == 0",
        f"a deployer's pods end, so that nodes can be renewed: within {MOST_GRACE_SECONDS} s, without finalizers",
    )


def _proxy(annotations: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Return what keeps the proxy as the mesh makes it, which is after the rules have looked."""
    yield (
        f"variables.annotations.all(k, !k.contains('istio.io/') || k in {json.dumps(list(annotations))})",
        "the proxy of a pod is the mesh's to set up: no other annotations of istio.io than the application's own",
    )
    yield (
        "variables.containers.all(c, !c.name.startsWith('istio-'))",
        "the proxy of a pod is the mesh's to set up: no containers called istio-…",
    )


def _is_confined(security: str) -> str:
    """Return whether the node's defences are the defaults."""
    return (
        f"{security}.?seccompProfile.?type.orValue('RuntimeDefault') != 'Unconfined' && "
        f"{security}.?appArmorProfile.?type.orValue('RuntimeDefault') != 'Unconfined' && "
        f"!{security}.?seLinuxOptions.hasValue()"
    )


def _budget() -> str:
    """Return whether a node can still be emptied: none of the pods to go, or a second budget, would prevent it."""
    return (
        "!has(object.spec.minAvailable) && string(object.spec.maxUnavailable) == '1' && "
        "object.spec.selector.matchLabels['app'] == object.metadata.name"
    )
