"""The pod of a workload, as its Deployment describes it."""

from collections.abc import Mapping

import pulumi

from boutique.application.workload import DEFAULT_GRACE_SECONDS, InitContainer, Probe, ProbeKind, Resources
from boutique.names import labels
from boutique.settings.stack import PodUser
from boutique.workloads.resolved_workload import ResolvedWorkload
from components.contents import Contents
from components.kubernetes_object import Fields

_ANY_USER = 1000
_FILES, _FOLDER = "config", "/etc/config"
_LOCKED_DOWN = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "privileged": False,
    "readOnlyRootFilesystem": True,
}


def pod_template(deployed: ResolvedWorkload, account: pulumi.Input[str], contents: Contents) -> Fields:
    """Return the pod template of a workload that runs under a ServiceAccount, with its files and secrets."""
    workload, sleep = deployed.workload, _sleep(deployed)
    volumes = [*({"name": name, "emptyDir": {}} for name in workload.scratch), *_files(contents)]
    return {
        "metadata": {
            "labels": {**deployed.labels, **labels.version(deployed.image.version)},
            "annotations": workload.annotations or None,
        },
        "spec": {
            "serviceAccountName": account,
            "securityContext": _user(deployed.pod_user),
            # The sleep before the end comes on top of what the image itself needs to end.
            "terminationGracePeriodSeconds": (workload.grace_seconds or DEFAULT_GRACE_SECONDS) + sleep
            if sleep
            else workload.grace_seconds,
            "imagePullSecrets": [{"name": name} for name in deployed.pull_secrets] or None,
            "affinity": _apart(deployed.selector) if deployed.availability.anti_affinity else None,
            "topologySpreadConstraints": _spread(deployed.selector) if deployed.availability.topology_spread else None,
            "initContainers": [_init(workload.init, deployed.init_image)] if workload.init else None,
            "containers": [_container(deployed, contents)],
            "volumes": volumes or None,
        },
    }


def _user(pod_user: PodUser) -> Fields:
    if pod_user == "cluster":
        return {"runAsNonRoot": True}
    return {"fsGroup": _ANY_USER, "runAsGroup": _ANY_USER, "runAsNonRoot": True, "runAsUser": _ANY_USER}


def _container(deployed: ResolvedWorkload, contents: Contents) -> Fields:
    workload, sleep = deployed.workload, _sleep(deployed)
    mounts = [
        *({"name": name, "mountPath": path} for name, path in workload.scratch.items()),
        *([{"name": _FILES, "mountPath": _FOLDER, "readOnly": True}] if contents.files else []),
    ]
    return {
        "name": workload.container,
        "image": str(deployed.image),
        "ports": [{"name": workload.port_name, "containerPort": workload.port}] if workload.port else None,
        "env": [*_variables(deployed.variables), *_secrets(deployed, contents)],
        "resources": {"requests": _quantities(deployed.requests), "limits": _quantities(deployed.limits)},
        "readinessProbe": _probe(workload.readiness, workload.port),
        "livenessProbe": _probe(workload.liveness, workload.port),
        # Endpoints are removed in parallel with the end of a pod; it keeps serving until all proxies have noticed.
        "lifecycle": {"preStop": {"sleep": {"seconds": sleep}}} if sleep else None,
        "securityContext": _LOCKED_DOWN,
        "volumeMounts": mounts or None,
    }


def _sleep(deployed: ResolvedWorkload) -> int:
    """Seconds that a pod keeps serving after SIGTERM is due; none for workloads without callers."""
    return deployed.rollout.pre_stop_seconds if deployed.workload.service else 0


def _init(init: InitContainer, image: str | None) -> Fields:
    return {
        "name": init.name,
        "image": image,
        "command": init.command,
        "env": _variables({name: callee.address for name, callee in init.calls.items()}),
        "securityContext": _LOCKED_DOWN,
    }


def _variables(variables: Mapping[str, str]) -> list[Fields]:
    return [{"name": name, "value": value} for name, value in variables.items()]


def _secrets(deployed: ResolvedWorkload, contents: Contents) -> list[Fields]:
    if contents.secrets is None:
        return []
    return [
        {"name": name, "valueFrom": {"secretKeyRef": {"name": contents.secrets, "key": name}}}
        for name in deployed.secrets
    ]


def _files(contents: Contents) -> list[Fields]:
    return [{"name": _FILES, "configMap": {"name": contents.files}}] if contents.files is not None else []


def _quantities(resources: Resources) -> Fields:
    return {"cpu": resources.cpu, "memory": resources.memory}


def _probe(probe: Probe | None, port: int | None) -> Fields | None:
    if probe is None or port is None:
        return None
    headers = [{"name": name, "value": value} for name, value in probe.headers.items()]
    return {
        "initialDelaySeconds": probe.initial_delay_seconds,
        "periodSeconds": probe.period_seconds,
        "grpc": {"port": port} if probe.kind is ProbeKind.GRPC else None,
        "tcpSocket": {"port": port} if probe.kind is ProbeKind.TCP else None,
        "httpGet": {"path": probe.path, "port": port, "httpHeaders": headers} if probe.kind is ProbeKind.HTTP else None,
    }


def _apart(selector: Mapping[str, str]) -> Fields:
    term = {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": selector}}
    # Preferred: with as many nodes as replicas, a required rule would leave a new pod no place beside the old ones.
    preferred = [{"weight": 100, "podAffinityTerm": term}]
    return {"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": preferred}}


def _spread(selector: Mapping[str, str]) -> list[Fields]:
    return [
        {
            "maxSkew": 1,
            "topologyKey": "topology.kubernetes.io/zone",
            "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": {"matchLabels": selector},
            # Each revision spreads by itself, so the old pods do not push the new ones together.
            "matchLabelKeys": ["pod-template-hash"],
        }
    ]
