"""The variables that a pod sets for the program of an image, those out of ConfigMaps and Secrets included."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from lab.containers.start_errors import ContainerStartError
from lab.kubernetes.api import Api
from lab.nodeagent.pods import expand, field_value, resource_value
from lab.nodeagent.service_variables import service_variables
from lab.nodeagent.volume_sources import decode_secret

Lookup = Callable[[str, str], Mapping[str, str] | None]
"""Returns the content of a `ConfigMap` or a `Secret` of the pod's namespace by its kind and its name, or None."""


def pod_variables(
    pod: Mapping[str, Any], container: Mapping[str, Any], lookup: Lookup, services: Iterable[Mapping[str, Any]] = ()
) -> dict[str, str]:
    """Return the variables that a pod sets for a container.

    Args:
        pod: The pod.
        container: The container in its spec.
        lookup: Finds the ConfigMaps and Secrets of the pod's namespace.
        services: The Services of the cluster.

    Raises:
        ContainerStartError: A ConfigMap or Secret that is not optional, or a key of it, does not exist.
    """
    variables = service_variables(pod, services)
    for source in container.get("envFrom", []):
        for kind, field in (("ConfigMap", "configMapRef"), ("Secret", "secretRef")):
            if field in source:
                content = _content(kind, source[field], lookup)
                variables |= {f"{source.get('prefix', '')}{key}": value for key, value in content.items()}
    for variable in container.get("env", []):
        value = _value(pod, container, variable, variables, lookup)
        if value is not None:
            variables[variable["name"]] = value
    return variables


def lookup_objects(api: Api, namespace: str) -> Lookup:
    """Return a lookup of the objects of a namespace, which asks the API server for each object once."""
    cache: dict[tuple[str, str], Mapping[str, str] | None] = {}

    def lookup(kind: str, name: str) -> Mapping[str, str] | None:
        if (kind, name) not in cache:
            content = api.find(f"/api/v1/namespaces/{namespace}/{kind.lower()}s/{name}")
            if content is not None and kind == "Secret":
                values = {key: data.decode(errors="replace") for key, data in decode_secret(content).items()}
            else:
                values = dict((content or {}).get("data") or {})
            cache[kind, name] = None if content is None else values
        return cache[kind, name]

    return lookup


def _value(
    pod: Mapping[str, Any],
    container: Mapping[str, Any],
    variable: Mapping[str, Any],
    variables: Mapping[str, str],
    lookup: Lookup,
) -> str | None:
    source = variable.get("valueFrom")
    if not source:
        return expand(variable.get("value", ""), variables)
    if "fieldRef" in source:
        return field_value(pod, source["fieldRef"]["fieldPath"])
    if "resourceFieldRef" in source:
        return resource_value(container, source["resourceFieldRef"]) or None
    for kind, field in (("ConfigMap", "configMapKeyRef"), ("Secret", "secretKeyRef")):
        if field in source:
            return _key(pod, kind, source[field], lookup)
    return None


def _key(pod: Mapping[str, Any], kind: str, reference: Mapping[str, Any], lookup: Lookup) -> str | None:
    content = _content(kind, reference, lookup)
    if reference["key"] in content:
        return content[reference["key"]]
    if reference.get("optional"):
        return None
    where = f"{pod['metadata']['namespace']}/{reference['name']}"
    message = f"couldn't find key {reference['key']} in {kind} {where}"
    raise ContainerStartError("CreateContainerConfigError", message)


def _content(kind: str, reference: Mapping[str, Any], lookup: Lookup) -> Mapping[str, str]:
    content = lookup(kind, reference["name"])
    if content is None and not reference.get("optional"):
        message = f'{kind.lower()} "{reference["name"]}" not found'
        raise ContainerStartError("CreateContainerConfigError", message)
    return content or {}
