"""The stack settings that go with an imported application: replicas, autoscalers and rollouts."""

from collections.abc import Mapping
from typing import Any

from boutique.application.manifests.import_report import ImportReport
from boutique.application.manifests.manifest_set import ManifestObject, ManifestSet
from boutique.application.manifests.service_pairs import ServicePair

_ROLLOUT_KEYS = ("minReadySeconds", "progressDeadlineSeconds", "strategy")
_DEFAULT_DEADLINE = 600
_MOST_REPLICAS = 100


def import_settings(manifests: ManifestSet, pairs: list[ServicePair], stateful: set[str], report: ImportReport) -> None:
    """Add the stack settings of all workloads to a report.

    Args:
        manifests: The objects.
        pairs: The workloads with their Services.
        stateful: The names of the workloads that have one pod.
        report: Where they go.
    """
    for pair in pairs:
        if settings := _own(pair, report, is_stateful=pair.name in stateful):
            report.set_service(pair.name, settings)
    for scaler in manifests.of_kind("HorizontalPodAutoscaler"):
        target = scaler.spec.get("scaleTargetRef") or {}
        if scaled := _find(pairs, target.get("kind"), target.get("name")):
            least = scaler.spec.get("minReplicas") or 1
            report.set_service(scaled.name, {"autoscaled": True, "replicas": least})
            report.note(
                scaler.reference,
                f"is kept as `autoscaled` in the stack's settings; apply it yourself, for Deployment/{scaled.name}",
            )
        else:
            report.leave_out(scaler.reference, "", "scales no workload among the manifests")
    for budget in manifests.of_kind("PodDisruptionBudget"):
        report.note(
            budget.reference,
            "is kept as `availability.disruptionBudget`, the default: with two replicas or more, one pod at a time",
        )


def _own(pair: ServicePair, report: ImportReport, *, is_stateful: bool) -> dict[str, Any]:
    spec, reference = pair.workload.spec, pair.workload.reference
    settings: dict[str, Any] = {}
    replicas = spec.get("replicas", 1)
    if is_stateful and replicas != 1:
        report.leave_out(reference, f"replicas: {replicas}", "a workload that keeps data has one pod")
    elif replicas == 0:
        report.note(
            reference, "has no replicas; it gets one, or leave it out with `optional: true` and `enabled: false`"
        )
    elif isinstance(replicas, int) and 1 < replicas <= _MOST_REPLICAS:
        settings["replicas"] = replicas
    elif replicas != 1:
        report.leave_out(reference, f"replicas: {replicas}", f"must be from 1 to {_MOST_REPLICAS}")
    rollout = {} if is_stateful else _rollout(spec)
    return {**settings, **({"rollout": rollout} if rollout else {})}


def _rollout(spec: Mapping[str, Any]) -> dict[str, Any]:
    update = (spec.get("strategy") or {}).get("rollingUpdate") or {}
    surge, deadline = update.get("maxSurge", "25%"), spec.get("progressDeadlineSeconds", _DEFAULT_DEADLINE)
    return {
        **({"maxSurge": str(surge)} if str(surge) not in ("25%", "0", "0%") else {}),
        **({"minReadySeconds": spec["minReadySeconds"]} if spec.get("minReadySeconds") else {}),
        **({"timeoutSeconds": deadline} if deadline != _DEFAULT_DEADLINE and 0 < deadline <= 3600 else {}),
    }


def _find(pairs: list[ServicePair], kind: object, name: object) -> ServicePair | None:
    return next((p for p in pairs if (p.workload.kind, p.workload.name) == (kind, name)), None)


def other_objects(manifests: ManifestSet, used: set[str], report: ImportReport) -> None:
    """Report the objects that nothing of an application's file comes from.

    Args:
        manifests: The objects.
        used: The kinds that the import reads.
        report: Where they go.
    """
    for manifest in manifests.manifests:
        if manifest.kind not in used:
            report.leave_out(manifest.reference, "", _reason(manifest))
        if manifest.kind == "Gateway":
            report.note(
                manifest.reference, "the platform has a Gateway: hosts and certificates are its ingress settings"
            )
        if manifest.kind == "ServiceAccount":
            _service_account(manifest, report)


def _service_account(account: ManifestObject, report: ImportReport) -> None:
    for key in account.metadata.get("annotations") or {}:
        report.leave_out(
            account.reference, f"annotations.{key}", "each workload has a ServiceAccount of its own, without any"
        )
    if account.content.get("imagePullSecrets"):
        report.leave_out(
            account.reference, "imagePullSecrets", "set `environment.images.pullSecrets` in the stack's file"
        )


def _reason(manifest: ManifestObject) -> str:
    reasons = {
        "CronJob": "jobs are not a part of an application here; apply it beside the stack",
        "Job": "jobs are not a part of an application here; use an initContainer, or apply it beside the stack",
        "DaemonSet": "a workload runs on no node in particular; install it with the cluster",
        "Pod": "a workload is a Deployment or a StatefulSet; make one of it",
        "ReplicaSet": "a workload is a Deployment or a StatefulSet; make one of it",
        "NetworkPolicy": "who may call whom follows from `calls`; the environment writes the policies",
        "AuthorizationPolicy": "who may call whom follows from `calls`; the environment writes the policies",
        "PeerAuthentication": "the environment demands mTLS",
        "DestinationRule": "the environment writes the mesh's objects",
        "ServiceEntry": "the environment writes the mesh's objects",
        "Role": "workloads get no access to the API server; apply it beside the stack",
        "RoleBinding": "workloads get no access to the API server; apply it beside the stack",
        "ClusterRole": "workloads get no access to the API server; apply it beside the stack",
        "ClusterRoleBinding": "workloads get no access to the API server; apply it beside the stack",
        "CustomResourceDefinition": "belongs to the cluster; install it with its operator",
        "ResourceQuota": "a target has its quota in the platform's section",
        "LimitRange": "a target has its limits in the platform's section",
    }
    group = f" of {manifest.group}" if manifest.group else ""
    return reasons.get(manifest.kind, f"the kind {manifest.kind}{group} is not imported; apply it beside the stack")
