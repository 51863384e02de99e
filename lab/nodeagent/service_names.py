"""The names and the addresses of Services in files, for stand-ins."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from support.files import replace_file


def write_service_names(folder: Path, services: Iterable[Mapping[str, Any]]) -> None:
    """Write for each namespace by which names its pods find which addresses."""
    services_with_address = [service for service in services if service["spec"].get("clusterIP", "None") != "None"]
    for namespace in {service["metadata"]["namespace"] for service in services_with_address}:
        content = json.dumps(service_names(services_with_address, namespace), indent=2)
        path = folder / f"{namespace}.json"
        if not path.exists() or path.read_text() != content:
            replace_file(path, content)


def service_names(services: Iterable[Mapping[str, Any]], namespace: str) -> dict[str, str]:
    """Return the addresses of Services by every name that a pod of a namespace may call them."""
    addresses: dict[str, str] = {}
    for service in services:
        name, service_namespace, address = (
            service["metadata"]["name"],
            service["metadata"]["namespace"],
            service["spec"]["clusterIP"],
        )
        addresses |= dict.fromkeys(
            (
                f"{name}.{service_namespace}",
                f"{name}.{service_namespace}.svc",
                f"{name}.{service_namespace}.svc.cluster.local",
            ),
            address,
        )
        if service_namespace == namespace:
            addresses[name] = address
    return addresses
