"""The files of the volumes whose content comes from the API server: ConfigMaps, Secrets, tokens, the downward API."""

import base64
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from lab.containers.start_errors import ContainerStartError
from lab.nodeagent.pods import field_value, resource_value

_MODE = 0o644
_TOKEN_LIFE = 3600

Objects = Callable[[str, str], Mapping[str, Any] | None]
"""Returns a ConfigMap or a Secret of the pod's namespace by its kind and its name, or None."""

Tokens = Callable[[Sequence[str], int], str]
"""Returns a token of the pod's ServiceAccount for audiences, good for so many seconds."""


class VolumeFile(NamedTuple):
    """A file of a volume."""

    content: bytes
    mode: int


class VolumeContext(NamedTuple):
    """What the files of a pod's volumes are made of."""

    pod: Mapping[str, Any]
    objects: Objects
    tokens: Tokens


def decode_secret(secret: Mapping[str, Any]) -> dict[str, bytes]:
    """Return the values of a Secret."""
    return {key: base64.b64decode(value) for key, value in (secret.get("data") or {}).items()}


def render_files(volume: Mapping[str, Any], context: VolumeContext) -> dict[str, VolumeFile] | None:
    """Return the files of a volume by their paths; None if its content does not come from the API server.

    Raises:
        ContainerStartError: What it refers to does not exist.
    """
    if "projected" in volume:
        projected = volume["projected"]
        mode = projected.get("defaultMode", _MODE)
        files: dict[str, VolumeFile] = {}
        for source in projected.get("sources") or []:
            files |= _render_source(source, mode, context)
        return files
    for kind in ("configMap", "secret", "downwardAPI"):
        if kind in volume:
            return _render_source({kind: volume[kind]}, volume[kind].get("defaultMode", _MODE), context)
    return None


def _render_source(source: Mapping[str, Any], mode: int, context: VolumeContext) -> dict[str, VolumeFile]:
    if "configMap" in source:
        reference = source["configMap"]
        return _select(_read("ConfigMap", reference["name"], reference, context), reference, mode)
    if "secret" in source:
        reference = source["secret"]
        name = reference.get("secretName") or reference["name"]
        return _select(_read("Secret", name, reference, context), reference, mode)
    if "downwardAPI" in source:
        items = source["downwardAPI"].get("items") or []
        return {item["path"]: VolumeFile(_downward(item, context.pod), item.get("mode", mode)) for item in items}
    if "serviceAccountToken" in source:
        reference = source["serviceAccountToken"]
        audiences = [reference["audience"]] if reference.get("audience") else []
        token = context.tokens(audiences, reference.get("expirationSeconds", _TOKEN_LIFE))
        return {reference["path"]: VolumeFile(token.encode(), mode)}
    message = f"the lab has no volume source {', '.join(source)}"
    raise ContainerStartError("CreateContainerConfigError", message)


def _read(kind: str, name: str, reference: Mapping[str, Any], context: VolumeContext) -> dict[str, bytes] | None:
    content = context.objects(kind, name)
    if content is None:
        if reference.get("optional"):
            return None
        raise ContainerStartError("ContainerCreating", f'{kind.lower()} "{name}" not found')
    if kind == "Secret":
        return decode_secret(content)
    binary = {key: base64.b64decode(value) for key, value in (content.get("binaryData") or {}).items()}
    return {key: value.encode() for key, value in (content.get("data") or {}).items()} | binary


def _select(values: dict[str, bytes] | None, reference: Mapping[str, Any], mode: int) -> dict[str, VolumeFile]:
    """Return the files of the keys that a volume asks for: all by default."""
    if values is None:
        return {}
    if not reference.get("items"):
        return {key: VolumeFile(value, mode) for key, value in values.items()}
    files = {}
    for item in reference["items"]:
        if item["key"] in values:
            files[item["path"]] = VolumeFile(values[item["key"]], item.get("mode", mode))
        elif not reference.get("optional"):
            message = f"references non-existent config key: {item['key']}"
            raise ContainerStartError("ContainerCreating", message)
    return files


def _downward(item: Mapping[str, Any], pod: Mapping[str, Any]) -> bytes:
    if "fieldRef" in item:
        path = item["fieldRef"]["fieldPath"]
        if path in ("metadata.labels", "metadata.annotations"):
            values = pod["metadata"].get(path.partition(".")[2]) or {}
            return "\n".join(f'{key}="{value}"' for key, value in sorted(values.items())).encode()
        return field_value(pod, path).encode()
    reference = item["resourceFieldRef"]
    named = [
        container for container in pod["spec"]["containers"] if container["name"] == reference.get("containerName")
    ]
    return (resource_value(named[0], reference) if named else "").encode()
