"""The volumes of a pod, as a workload's keys."""

from collections.abc import Mapping, MutableMapping
from typing import Any

from boutique.application.manifests.claim_import import ImportedVolumes, is_plain_mount, mount_folder, take_claim
from boutique.application.manifests.import_context import ImportContext, texts
from boutique.application.manifests.probe_import import written_amount
from boutique.application.manifests.refused_fields import VOLUME_KINDS

_DEFAULT_MODE = 0o644
_HAVE_IT = "its namespace has to have it"


def take_volumes(pod: MutableMapping[str, Any], container: MutableMapping[str, Any], context: ImportContext) -> (
    ImportedVolumes
):  # fmt: skip
    """Return the volumes that a container mounts; what no key can say stays in the pod and the container."""
    result = ImportedVolumes()
    mounts = [mount for mount in container.pop("volumeMounts", None) or [] if isinstance(mount, Mapping)]
    volumes = {volume["name"]: dict(volume) for volume in pod.pop("volumes", None) or [] if "name" in volume}
    for claim in context.pair.workload.spec.get("volumeClaimTemplates") or []:
        name = (claim.get("metadata") or {}).get("name")
        volumes[name] = {"name": name, "template": claim.get("spec") or {}}
    kept = []
    for name, volume in volumes.items():
        own = [mount for mount in mounts if mount.get("name") == name]
        refused = next((kind for kind in VOLUME_KINDS if kind in volume), None)
        if refused:
            context.leave_out(f"volumes.{name}.{refused}", VOLUME_KINDS[refused])
        elif not _take(name, volume, own, result, context):
            kept.append(volume)
            continue
        mounts = [mount for mount in mounts if mount.get("name") != name]
    if kept:
        pod["volumes"] = kept
    if mounts:
        container["volumeMounts"] = mounts
    return result


def _take(
    name: str, volume: Mapping[str, Any], mounts: list[Any], result: ImportedVolumes, context: ImportContext
) -> bool:
    """Add a volume to the result; return False for one that stays in the pod as it is."""
    # The API server makes an emptyDir of a volume without a source.
    if "emptyDir" in volume or set(volume) == {"name"}:
        return _take_empty_dir(name, volume.get("emptyDir") or {}, mounts, result)
    if "configMap" in volume:
        return _take_files(name, volume["configMap"] or {}, mounts, result, context)
    if "template" in volume:
        return take_claim(name, volume["template"], mounts, result, context)
    if "persistentVolumeClaim" in volume:
        source = volume["persistentVolumeClaim"] or {}
        claim = context.manifests.get("PersistentVolumeClaim", str(source.get("claimName")))
        if claim:
            return take_claim(name, claim.spec, mounts, result, context)
        place = f"PersistentVolumeClaim/{source.get('claimName')}"
        context.note(f"volumes.{name}: {place} is not among the manifests; {_HAVE_IT}")
        return False
    for source in (volume.get("projected") or {}).get("sources") or []:
        if context.config_map((source.get("configMap") or {}).get("name")):
            context.note(f"volumes.{name}: ConfigMap/{source['configMap']['name']} is not created; {_HAVE_IT}")
    if secret := (volume.get("secret") or {}).get("secretName"):
        context.report.use_secret(str(secret), "", context.pair.name)
    return False


def _take_empty_dir(name: str, source: Mapping[str, Any], mounts: list[Any], result: ImportedVolumes) -> bool:
    is_known = set(source) <= {"medium", "sizeLimit"} and source.get("medium", "") in ("", "Memory")
    if not is_plain_mount(mounts) or not is_known:
        return False
    limit = written_amount("memory", source["sizeLimit"]) if source.get("sizeLimit") else None
    if source.get("sizeLimit") and limit is None:
        return False
    path = mount_folder(mounts[0])
    options = {
        **({"medium": source["medium"]} if source.get("medium") else {}),
        **({"sizeLimit": limit} if limit else {}),
    }
    result.empty_dirs[name] = {"mountPath": path, **options} if options else path
    return True


def _take_files(
    name: str, source: Mapping[str, Any], mounts: list[Any], result: ImportedVolumes, context: ImportContext
) -> bool:
    config_map = context.config_map(source.get("name"))
    if config_map is None:
        if not source.get("optional"):
            context.note(f"volumes.{name}: ConfigMap/{source.get('name')} is not among the manifests; {_HAVE_IT}")
        return False
    place = f"volumes.{name} ({config_map.reference})"
    data = texts(config_map.content.get("data") or {})
    if config_map.content.get("binaryData"):
        context.leave_out(f"{place}.binaryData", "files are texts; put other ones into the image")
    if source.get("defaultMode", _DEFAULT_MODE) != _DEFAULT_MODE:
        context.leave_out(f"{place}.defaultMode", "files have the mode 0644; run a script by `sh FILE`")
    items = {item["key"]: item["path"] for item in source.get("items") or []}
    files = {path: data.get(key) for key, path in items.items()} if items else data
    for mount in mounts:
        path = mount_folder(mount)
        if file := mount.get("subPath"):
            if files.get(file) is None:
                context.leave_out(f"{place}: {path}", "is not a file of that ConfigMap's `data`")
            else:
                result.single_files[path] = str(files[file])
            continue
        for file, content in files.items():
            if content is None or "/" in file:
                context.leave_out(f"{place}: {path}/{file}", "is not a file of that ConfigMap's `data` in one folder")
            else:
                result.files.setdefault(path, {})[file] = content
    return True
