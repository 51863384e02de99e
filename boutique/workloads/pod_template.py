"""The pod of a workload as plain data, as its Deployment describes it."""

from collections.abc import Mapping
from typing import Any

from boutique.application.container import InitContainer, Probe
from boutique.application.workload import DEFAULT_GRACE_SECONDS, EmptyDir, PersistentVolumeClaim, Workload
from boutique.names import labels
from boutique.workloads.resolved_workload import DEFAULT_FOLDER, ResolvedWorkload

Fields = dict[str, Any]

_ANY_USER = 1000
_FILES, _SINGLE_FILES = "config", "single-files"


def pod_template(resolved: ResolvedWorkload, account: object, files: object = None, secrets: object = None) -> Fields:
    """Return the pod template of a workload; a field that is None is left out of the object.

    Args:
        resolved: The workload.
        account: The name of its ServiceAccount.
        files: The name of the ConfigMap with its files; None without files.
        secrets: The name of the Secret with its secret variables; None without any.
    """
    workload, sleep = resolved.workload, _sleep(resolved)
    volumes = [
        *({"name": name, "emptyDir": _empty_dir(folder)} for name, folder in workload.empty_dirs.items()),
        *(
            {"name": name, "persistentVolumeClaim": {"claimName": claim_name(workload, name)}}
            for name in workload.persistent_volume_claims
        ),
        *_file_volumes(resolved, files),
    ]
    grace = workload.termination_grace_period_seconds
    spec = {
        "serviceAccountName": account,
        "securityContext": _user(resolved),
        # The sleep before the end comes on top of what the image itself needs to end.
        "terminationGracePeriodSeconds": (DEFAULT_GRACE_SECONDS if grace is None else grace) + sleep
        if sleep
        else grace,
        "imagePullSecrets": [{"name": name} for name in resolved.pull_secrets] or None,
        "affinity": _apart(resolved.selector) if resolved.availability.anti_affinity else None,
        "topologySpreadConstraints": _spread(resolved.selector) if resolved.availability.topology_spread else None,
        "initContainers": [_init(container, resolved) for container in workload.init_containers] or None,
        "containers": [_container(resolved, files, secrets)],
        "volumes": volumes or None,
    }
    return {
        "metadata": {
            "labels": {**workload.labels, **resolved.labels, **labels.version(resolved.image.version)},
            "annotations": workload.annotations or None,
        },
        "spec": merge(spec, workload.pod),
    }


def claim_name(workload: Workload, volume: str) -> str:
    """Return the name of the PersistentVolumeClaim of a volume."""
    return f"{workload.name}-{volume}"


def claim_spec(claim: PersistentVolumeClaim) -> Fields:
    """Return the `spec` of a PersistentVolumeClaim."""
    return {
        "accessModes": list(claim.access_modes),
        "storageClassName": claim.storage_class,
        "resources": {"requests": {"storage": str(claim.size)}},
    }


def file_key(path: str) -> str:
    """Return the key in the ConfigMap of a file, which has no slash."""
    return path.strip("/").replace("/", "__")


def merge(fields: Fields, further: Mapping[str, Any]) -> Fields:
    """Return fields with further ones: mappings are merged field by field, lists by the names of items."""
    merged = dict(fields)
    for key, value in further.items():
        before = merged.get(key)
        if isinstance(before, Mapping) and isinstance(value, Mapping):
            merged[key] = merge(dict(before), value)
        elif isinstance(before, list) and isinstance(value, list):
            merged[key] = _merge_items(before, value)
        else:
            merged[key] = value
    return merged


def _merge_items(before: list[Any], further: list[Any]) -> list[Any]:
    named = {item["name"]: item for item in further if isinstance(item, Mapping) and "name" in item}
    if len(named) != len(further):
        return [*before, *further]
    known = {item.get("name") for item in before}
    changed = [merge(item, named[item["name"]]) if item.get("name") in named else item for item in before]
    return [*changed, *(item for name, item in named.items() if name not in known)]


def _user(resolved: ResolvedWorkload) -> Fields:
    if user := resolved.workload.user:
        group = user.run_as_group if user.run_as_group is not None else user.run_as_user
        return {
            "fsGroup": user.fs_group if user.fs_group is not None else group,
            "runAsGroup": group,
            "runAsNonRoot": True,
            "runAsUser": user.run_as_user,
        }
    if resolved.pod_user == "cluster":
        return {"runAsNonRoot": True}
    return {"fsGroup": _ANY_USER, "runAsGroup": _ANY_USER, "runAsNonRoot": True, "runAsUser": _ANY_USER}


def _locked_down(workload: Workload) -> Fields:
    return {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "privileged": False,
        "readOnlyRootFilesystem": not workload.writable_root,
    }


def _container(resolved: ResolvedWorkload, files: object, secrets: object) -> Fields:
    workload, sleep = resolved.workload, _sleep(resolved)
    fields = {
        "name": workload.container_name,
        "image": str(resolved.image),
        "command": list(workload.command) or None,
        "args": list(workload.args) or None,
        "ports": _ports(workload) or None,
        "envFrom": list(workload.env_from) or None,
        "env": [*_sources(resolved), *_variables(resolved.variables), *_secrets(resolved, secrets)],
        "resources": {"requests": resolved.requests.as_written(), "limits": resolved.limits.as_written()},
        "readinessProbe": _probe(workload.readiness_probe),
        "livenessProbe": _probe(workload.liveness_probe),
        "startupProbe": _probe(workload.startup_probe),
        # Endpoints are removed in parallel with the end of a pod; it keeps serving until all proxies have noticed.
        "lifecycle": {"preStop": {"sleep": {"seconds": sleep}}} if sleep else None,
        "securityContext": _locked_down(workload),
        "volumeMounts": _mounts(resolved, files) or None,
    }
    return merge(fields, workload.container)


def _ports(workload: Workload) -> list[Fields]:
    """Return the container's ports, each once: several of the Service may lead to one."""
    ports = {
        (port.container_port, port.protocol): {
            "name": port.container_port_name,
            "containerPort": port.container_port,
            "protocol": port.protocol if port.protocol != "TCP" else None,
        }
        for port in workload.ports
    }
    return list(ports.values())


def _sleep(resolved: ResolvedWorkload) -> int:
    """Seconds that a pod keeps serving after SIGTERM is due; none for workloads without callers."""
    return resolved.rollout.pre_stop_seconds if resolved.workload.service_ports else 0


def _init(container: InitContainer, resolved: ResolvedWorkload) -> Fields:
    sources = [
        {"name": name, "valueFrom": variable.source} for name, variable in container.env.items() if variable.source
    ]
    variables = {
        **{name: variable.value for name, variable in container.env.items() if variable.value is not None},
        **container.addresses(),
    }
    fields = {
        "name": container.name,
        "image": resolved.init_image or str(container.image),
        "command": list(container.command) or None,
        "args": list(container.args) or None,
        "env": [*sources, *_variables(variables)],
        "securityContext": _locked_down(resolved.workload),
    }
    return merge(fields, container.container)


def _sources(resolved: ResolvedWorkload) -> list[Fields]:
    """Return the variables whose values Kubernetes finds, first, so that the others may refer to them."""
    return [
        {"name": name, "valueFrom": variable.source}
        for name, variable in resolved.workload.env.items()
        if variable.source and name not in resolved.variables and name not in resolved.secrets
    ]


def _variables(variables: Mapping[str, str]) -> list[Fields]:
    return [{"name": name, "value": value} for name, value in variables.items()]


def _secrets(resolved: ResolvedWorkload, secrets: object) -> list[Fields]:
    if secrets is None:
        return []
    return [{"name": name, "valueFrom": {"secretKeyRef": {"name": secrets, "key": name}}} for name in resolved.secrets]


def _empty_dir(folder: EmptyDir) -> Fields:
    size = str(folder.size_limit) if folder.size_limit else None
    return {key: value for key, value in (("medium", folder.medium), ("sizeLimit", size)) if value}


def _folders(resolved: ResolvedWorkload) -> dict[str, list[str]]:
    """Return the paths of files by the folder that they are mounted in."""
    folders: dict[str, list[str]] = {}
    for path in resolved.files:
        if path in resolved.workload.single_files:
            continue
        folders.setdefault(path.rpartition("/")[0] if path.startswith("/") else DEFAULT_FOLDER, []).append(path)
    return folders


def _file_volumes(resolved: ResolvedWorkload, files: object) -> list[Fields]:
    if files is None:
        return []
    folders, single = _folders(resolved), resolved.workload.single_files
    if list(folders) == [DEFAULT_FOLDER] and not single:
        return [{"name": _FILES, "configMap": {"name": files}}]
    items = [{"key": file_key(path), "path": file_key(path)} for path in single]
    return [
        {
            "name": _volume(folder, number),
            "configMap": {
                "name": files,
                "items": [{"key": file_key(path), "path": path.rpartition("/")[2]} for path in paths],
            },
        }
        for number, (folder, paths) in enumerate(folders.items(), 1)
    ] + ([{"name": _SINGLE_FILES, "configMap": {"name": files, "items": items}}] if items else [])


def _volume(folder: str, number: int) -> str:
    return _FILES if folder == DEFAULT_FOLDER else f"{_FILES}-{number}"


def _mounts(resolved: ResolvedWorkload, files: object) -> list[Fields]:
    return [
        *({"name": name, "mountPath": path} for name, path in resolved.workload.mount_paths.items()),
        *(
            {"name": _volume(folder, number), "mountPath": folder, "readOnly": True}
            for number, folder in enumerate(_folders(resolved) if files is not None else (), 1)
        ),
        *(
            {"name": _SINGLE_FILES, "mountPath": path, "subPath": file_key(path), "readOnly": True}
            for path in (resolved.workload.single_files if files is not None else ())
        ),
    ]


def _probe(probe: Probe | None) -> Fields | None:
    return probe.model_dump(by_alias=True, exclude_none=True) if probe else None


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
