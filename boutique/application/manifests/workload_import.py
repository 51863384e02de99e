"""A workload as the file of an application has it, from its manifest."""

import copy
from collections.abc import Mapping
from typing import Any

from boutique.application.manifests import default_fields
from boutique.application.manifests.claim_import import ImportedVolumes
from boutique.application.manifests.import_context import ImportContext
from boutique.application.manifests.init_container_import import given_keys, import_init_container, take_image
from boutique.application.manifests.main_container import main_container
from boutique.application.manifests.port_import import take_ports
from boutique.application.manifests.probe_import import take_probes, take_resources
from boutique.application.manifests.refused_fields import take_refused_container_fields, take_refused_pod_fields
from boutique.application.manifests.security_import import has_writable_root, take_privileges, take_user
from boutique.application.manifests.service_pairs import is_headless
from boutique.application.manifests.variable_import import take_variables, texts_of
from boutique.application.manifests.volume_import import take_volumes

PROGRAM_LABELS = (
    "app",
    "app.kubernetes.io/name",
    "app.kubernetes.io/part-of",
    "app.kubernetes.io/managed-by",
    "app.kubernetes.io/version",
    "pod-template-hash",
)
"""Labels that the program gives each pod."""
_MOST_GRACE_SECONDS = 600
_DEFAULT_CONTAINER = "server"


def import_workload(context: ImportContext, spoken: Mapping[int, str]) -> dict[str, Any]:
    """Return a workload's keys with their values.

    Args:
        context: The workload among the manifests.
        spoken: The protocol above of ports of its Service, as far as others tell it.
    """
    template = context.pair.template
    metadata = template.get("metadata") or {}
    pod = default_fields.pod_fields(copy.deepcopy(dict(template.get("spec") or {})))
    containers = pod.pop("containers", None) or []
    if not containers:
        context.leave_out("containers", "a pod has a container; add one")
        return {}
    main = main_container(containers, metadata, context.pair)
    for other in containers:
        if other is not main:
            context.leave_out(
                f"container {other.get('name')!r}",
                "a workload has one container; make a workload of it, or an initContainer with restartPolicy: Always",
            )
    container = default_fields.container_fields(main)
    for what, reason in (*take_refused_pod_fields(pod), *take_refused_container_fields(container)):
        context.leave_out(what, reason)
    pod.pop("serviceAccountName", None)
    pod.pop("serviceAccount", None)
    _token(template, pod, context)
    writable_root = has_writable_root(container)
    volumes = take_volumes(pod, container, context)
    variables = take_variables(container, context)
    inits = [
        import_init_container(init, context, volumes, pod, writable_root=writable_root)
        for init in pod.pop("initContainers", None) or []
    ]
    texts = [text for one in (container, *inits) for text in texts_of(one)]
    texts += [text for files in (volumes.single_files, *volumes.files.values()) for text in files.values()]
    keys = {
        "image": take_image(container, context),
        "containerName": _container_name(container),
        "command": container.pop("command", None),
        "args": container.pop("args", None),
        "ports": take_ports(container, context, spoken),
        "headless": bool(context.pair.service and is_headless(context.pair.service)),
        "externalService": context.pair.external.name if context.pair.external else None,
        "env": variables.env,
        "envFrom": variables.env_from,
        "calls": variables.calls,
        "callsByName": _unnamed(
            [*variables.calls_by_name, *context.addresses.callees(texts, context.pair.name)], variables.calls
        ),
        **take_probes(container),
        "resources": take_resources(container),
        "terminationGracePeriodSeconds": _grace(pod, context),
        "annotations": _annotations(metadata, context),
        "labels": {k: v for k, v in (metadata.get("labels") or {}).items() if k not in PROGRAM_LABELS},
        "initContainers": inits,
        "emptyDirs": volumes.empty_dirs,
        "files": volumes.files,
        "singleFiles": volumes.single_files,
        "persistentVolumeClaims": volumes.claims,
        "user": take_user(pod, container, context),
        "writableRoot": writable_root,
        "stateful": _is_stateful(context, volumes),
    }
    take_privileges(container, writable_root=writable_root, context=context)
    _end(container)
    return given_keys({**keys, "pod": pod, "container": container})


def _container_name(container: dict[str, Any]) -> str | None:
    name: str | None = container.pop("name", None)
    return None if name == _DEFAULT_CONTAINER else name


def _token(template: Mapping[str, Any], pod: dict[str, Any], context: ImportContext) -> None:
    spec = template.get("spec") or {}
    account = context.manifests.get("ServiceAccount", str(spec.get("serviceAccountName") or spec.get("serviceAccount")))
    if account and "automountServiceAccountToken" not in pod and "automountServiceAccountToken" in account.content:
        pod["automountServiceAccountToken"] = account.content["automountServiceAccountToken"]


def _grace(pod: dict[str, Any], context: ImportContext) -> int | None:
    seconds: int | None = pod.pop("terminationGracePeriodSeconds", None)
    if isinstance(seconds, int) and seconds > _MOST_GRACE_SECONDS:
        context.leave_out(
            f"terminationGracePeriodSeconds: {seconds}", f"at most {_MOST_GRACE_SECONDS}: nodes are renewed"
        )
        return _MOST_GRACE_SECONDS
    return seconds


def _annotations(metadata: Mapping[str, Any], context: ImportContext) -> dict[str, str]:
    annotations = default_fields.annotations(metadata)
    for key in sorted(annotations):
        if key.startswith("container.apparmor.security.beta.kubernetes.io/"):
            context.leave_out(f"annotations.{key}", "pods get no privileges")
            del annotations[key]
    return annotations


def _unnamed(callees: list[str], calls: Mapping[str, str]) -> list[str]:
    """Return the callees that no variable in `calls` has in braces."""
    named = "".join(calls.values())
    return [name for name in dict.fromkeys(callees) if f"{{{name}}}" not in named]


def _is_stateful(context: ImportContext, volumes: ImportedVolumes) -> bool:
    workload = context.pair.workload
    if workload.kind == "StatefulSet":
        context.note("becomes one pod of a Deployment, without a name of its own such as x-0")
        return True
    return volumes.is_single or (workload.spec.get("strategy") or {}).get("type") == "Recreate"


def _end(container: dict[str, Any]) -> None:
    """Take the program's own `preStop` away where the manifest has one: a container has one handler."""
    handler = (container.get("lifecycle") or {}).get("preStop")
    if handler and "sleep" not in handler:
        handler["sleep"] = None
