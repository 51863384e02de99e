"""Init containers, and what they have in common with a workload's own container."""

from collections.abc import Mapping
from typing import Any

from boutique.application.manifests import default_fields
from boutique.application.manifests.claim_import import ImportedVolumes
from boutique.application.manifests.import_context import ImportContext
from boutique.application.manifests.refused_fields import take_refused_container_fields
from boutique.application.manifests.security_import import take_privileges
from boutique.application.manifests.variable_import import take_variables


def given_keys(keys: Mapping[str, Any]) -> dict[str, Any]:
    """Return the keys that have a value; 0 is one."""
    return {key: value for key, value in keys.items() if value is not False and value not in (None, "", [], {})}


def take_image(container: dict[str, Any], context: ImportContext) -> str:
    """Return a container's image, with the tag that stands for none."""
    image = str(container.pop("image", ""))
    if image and "@" not in image and ":" not in image.rpartition("/")[2]:
        context.note(
            f"image {image!r} has no tag, which stands for latest; write a version, so that releases can tell it"
        )
        return f"{image}:latest"
    return image


def import_init_container(
    given: Mapping[str, Any],
    context: ImportContext,
    volumes: ImportedVolumes,
    pod: Mapping[str, Any],
    *,
    writable_root: bool,
) -> dict[str, Any]:
    """Return an init container's keys with their values.

    Args:
        given: The container.
        context: The workload.
        volumes: The workload's volumes.
        pod: The rest of the pod's spec, with further volumes.
        writable_root: The key `writableRoot` of the workload.
    """
    container = default_fields.container_fields(given)
    for what, reason in take_refused_container_fields(container):
        context.leave_out(f"initContainers.{given.get('name')}.{what}", reason)
    variables = take_variables(container, context)
    named = {*volumes.empty_dirs, *volumes.claims, *(volume["name"] for volume in pod.get("volumes") or [])}
    mounts = container.pop("volumeMounts", None) or []
    for mount in mounts:
        if mount.get("name") not in named:
            context.leave_out(
                f"initContainers.{given.get('name')}.volumeMounts.{mount.get('name')}",
                "its volume is not one of the pod's; files are mounted by the workload's own container only",
            )
    keys = {
        "name": container.pop("name", ""),
        "image": take_image(container, context),
        "command": container.pop("command", None),
        "args": container.pop("args", None),
        "env": variables.env,
        "calls": variables.calls,
    }
    kept = [mount for mount in mounts if mount.get("name") in named]
    container |= {"volumeMounts": kept} if kept else {}
    container |= {"envFrom": variables.env_from} if variables.env_from else {}
    take_privileges(container, writable_root=writable_root, context=context)
    return given_keys({**keys, "container": container})
