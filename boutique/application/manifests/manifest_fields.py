"""The fields that manifests set on pods and Services, in a form that can be compared with what the program renders."""

import copy
import json
from collections.abc import Iterator, Mapping
from typing import Any

from boutique.application.manifests import default_fields
from boutique.application.manifests.import_context import texts
from boutique.application.manifests.manifest_set import ManifestObject, ManifestSet
from boutique.application.manifests.port_import import target_port
from boutique.application.manifests.service_addresses import ServiceAddresses
from boutique.application.manifests.service_pairs import ServicePair

Fields = dict[str, Any]
"""Values by path, such as `spec.containers[web].image`."""

_KEYS = {"ports": ("containerPort", "port"), "volumeMounts": ("mountPath",)}
"""What tells the items of a list apart; their names do in others."""


def flatten(value: Any, path: str = "", key: str = "") -> Iterator[tuple[str, Any]]:  # noqa: ANN401 - any part
    """Yield every value within part of a manifest with its path; items of lists go by name or number."""
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from flatten(item, f"{path}.{name}" if path else name, name)
    elif isinstance(value, list | tuple):
        for number, item in enumerate(value):
            label = _label(item, number, key)
            yield from flatten(item, f"{path}[{label}]")
    elif value is not None:
        yield path, value


def _label(item: object, number: int, key: str) -> str:
    if not isinstance(item, Mapping):
        return str(number)
    names = _KEYS.get(key, ("name",))
    # Without a name, only the whole item tells it from others: their order means nothing.
    return next((str(item[name]) for name in names if name in item), json.dumps(item, sort_keys=True, default=str))


def template_fields(pair: ServicePair, manifests: ManifestSet, addresses: ServiceAddresses) -> Fields:
    """Return the fields that a manifest sets in the template of pods, with ConfigMaps in place of their names."""
    template = copy.deepcopy(dict(pair.template))
    metadata, pod = template.get("metadata") or {}, default_fields.pod_fields(template.get("spec") or {})
    files: Fields = {}
    claims = {volume["name"] for volume in pod.get("volumes") or [] if _is_claim(volume, manifests)}
    claims |= {
        str((claim.get("metadata") or {}).get("name"))
        for claim in pair.workload.spec.get("volumeClaimTemplates") or []
    }  # fmt: skip
    volumes = {volume["name"]: volume for volume in pod.get("volumes") or [] if volume["name"] not in claims}
    config_maps = {name: source for name, v in volumes.items() if (source := _config_map(v, manifests))}
    for kind in ("containers", "initContainers"):
        containers = [default_fields.container_fields(container) for container in pod.get(kind) or []]
        for container in containers:
            _spell_out(container, manifests, addresses)
            mounts = container.pop("volumeMounts", [])
            container["volumeMounts"] = [mount for mount in mounts if mount["name"] not in config_maps]
            for mount in mounts:
                if mount["name"] in config_maps:
                    files |= _files(mount, volumes[mount["name"]]["configMap"], config_maps[mount["name"]])
        pod[kind] = containers
    pod["volumes"] = [volume for name, volume in volumes.items() if name not in config_maps]
    content = {"metadata": {"labels": metadata.get("labels"), "annotations": default_fields.annotations(metadata)}}
    return {**dict(flatten({**content, "spec": pod})), **files}


def service_fields(service: ManifestObject, pair: ServicePair) -> Fields:
    """Return the fields that the manifest of a Service sets, with numbers in place of ports' names."""
    spec = copy.deepcopy(default_fields.service_fields(service.spec))
    containers = (pair.template.get("spec") or {}).get("containers") or []
    own = [port for container in containers for port in container.get("ports") or []]
    for port in spec.get("ports") or []:
        if "targetPort" in port:
            port["targetPort"] = target_port(port, own)
        if port.get("protocol") == "TCP":
            del port["protocol"]
    return dict(flatten(spec))


def _spell_out(container: Fields, manifests: ManifestSet, addresses: ServiceAddresses) -> None:
    """Write a container's variables with their values, and its image with its tag."""
    variables: Fields = {}
    sources = []
    for source in container.pop("envFrom", None) or []:
        config_map = manifests.get("ConfigMap", str((source.get("configMapRef") or {}).get("name")))
        if config_map is None:
            sources.append(source)
            continue
        data = texts(config_map.content.get("data") or {})
        variables |= {f"{source.get('prefix') or ''}{key}": {"value": value} for key, value in data.items()}
    for variable in container.pop("env", None) or []:
        reference = (variable.get("valueFrom") or {}).get("configMapKeyRef") or {}
        config_map = manifests.get("ConfigMap", str(reference.get("name")))
        data = texts(config_map.content.get("data") or {}) if config_map else {}
        value = data.get(str(reference.get("key")))
        variables[variable["name"]] = variable if value is None else {"value": value}
    container["envFrom"] = sources
    container["env"] = [
        {"name": name, **variable, **({"value": addresses.shorten(variable["value"])} if "value" in variable else {})}
        for name, variable in variables.items()
    ]
    image = str(container.get("image"))
    if "@" not in image and ":" not in image.rpartition("/")[2]:
        container["image"] = f"{image}:latest"
    for port in container.get("ports") or []:
        if port.get("protocol") == "TCP":
            del port["protocol"]


def _is_claim(volume: Mapping[str, Any], manifests: ManifestSet) -> bool:
    source = volume.get("persistentVolumeClaim") or {}
    return manifests.get("PersistentVolumeClaim", str(source.get("claimName"))) is not None


def _config_map(volume: Mapping[str, Any], manifests: ManifestSet) -> ManifestObject | None:
    return manifests.get("ConfigMap", str((volume.get("configMap") or {}).get("name")))


def _files(mount: Mapping[str, Any], source: Mapping[str, Any], config_map: ManifestObject) -> Fields:
    """Return the texts of a mounted ConfigMap by the path that a container finds each at."""
    data = texts(config_map.content.get("data") or {})
    items = {item["path"]: item["key"] for item in source.get("items") or []} or {key: key for key in data}
    path = str(mount["mountPath"]).rstrip("/")
    if file := mount.get("subPath"):
        return {f"file {path}": data.get(items.get(file, file))}
    return {f"file {path}/{name}": data.get(key) for name, key in items.items()}
