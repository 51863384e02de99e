"""PersistentVolumeClaims of a pod, as a workload's keys."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from boutique.application.manifests.import_context import ImportContext
from boutique.application.manifests.probe_import import written_amount


@dataclass
class ImportedVolumes:
    """The volumes of one pod."""

    empty_dirs: dict[str, Any] = field(default_factory=dict)
    files: dict[str, dict[str, str]] = field(default_factory=dict)
    single_files: dict[str, str] = field(default_factory=dict)
    claims: dict[str, Any] = field(default_factory=dict)
    is_single: bool = False
    """Whether only one pod at a time can mount one of them."""


def take_claim(
    name: str, spec: Mapping[str, Any], mounts: list[Any], result: ImportedVolumes, context: ImportContext
) -> bool:
    """Add a PersistentVolumeClaim to the result; return True: none stays in the pod as it is."""
    size = ((spec.get("resources") or {}).get("requests") or {}).get("storage")
    written = written_amount("memory", size) if size else None
    if not is_plain_mount(mounts) or written is None:
        context.leave_out(
            f"volumes.{name}",
            "a claim has a size, and is mounted as a whole at one path, to be written to",
        )
        return True
    for key in sorted(set(spec) - {"accessModes", "resources", "storageClassName", "volumeMode", "volumeName"}):
        context.leave_out(f"volumes.{name}.{key}", "a claim has a size, a class and access modes")
    modes = spec.get("accessModes") or ["ReadWriteOnce"]
    result.is_single = result.is_single or not {"ReadWriteMany", "ReadOnlyMany"} & set(modes)
    result.claims[name] = {
        "mountPath": mount_folder(mounts[0]),
        "size": written,
        **({"storageClass": spec["storageClassName"]} if spec.get("storageClassName") else {}),
        **({"accessModes": list(modes)} if modes != ["ReadWriteOnce"] else {}),
    }
    return True


def is_plain_mount(mounts: list[Any]) -> bool:
    """Tell whether a volume is mounted once, as a whole and to be written to."""
    return len(mounts) == 1 and set(mounts[0]) <= {"name", "mountPath"}


def mount_folder(mount: Mapping[str, Any]) -> str:
    """Return the folder that a volume is mounted at."""
    path = str(mount.get("mountPath"))
    return path.rstrip("/") or "/"
