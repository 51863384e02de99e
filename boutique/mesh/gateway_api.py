"""The Gateway API's manifests: read from a release or a folder, and checked to be what they should be."""

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from boutique.settings.mesh_settings import GATEWAY_API_VERSION, GatewayApiFolder, GatewayApiRelease
from support.network_settings import NetworkSettingError

DEFINITION = "CustomResourceDefinition"
POLICY = "ValidatingAdmissionPolicy"
BINDING = "ValidatingAdmissionPolicyBinding"

KEY = "boutique:platform.mesh.gatewayApi"
BUNDLE_VERSION = "gateway.networking.k8s.io/bundle-version"
CHANNEL = "gateway.networking.k8s.io/channel"
STANDARD = "standard"
_MARKS = {BUNDLE_VERSION: f"v{GATEWAY_API_VERSION}", CHANNEL: STANDARD}
_TIMEOUT_SECONDS = 20.0

Manifest = Mapping[str, Any]


class GatewayApiError(ValueError):
    """The manifests cannot be had, or are not those of the release that the program is made for."""


@cache
def manifests(source: GatewayApiRelease | GatewayApiFolder) -> tuple[Manifest, ...]:
    """Return every object of the release, without the descriptions of fields; read once.

    Descriptions are three quarters of the text, and every checkpoint of the stack would hold each of them twice.

    Raises:
        GatewayApiError: With the key and the remedy.
    """
    if isinstance(source, GatewayApiFolder):
        where, texts = source.path, [path.read_text() for path in sorted(Path(source.path).glob("*.yaml"))]
    else:
        where, texts = source.url, [_fetch(source.url)]
    try:
        manifests_read = [
            document for text in texts for document in yaml.load_all(text, Loader=yaml.CSafeLoader) if document
        ]
    except yaml.YAMLError as error:
        raise GatewayApiError(f"{KEY}: {where} is not YAML: {error}") from None
    return tuple(_check_manifests(manifests_read, where))


def _fetch(url: str) -> str:
    # Only here: most stacks name a folder, and the import takes a while.
    import httpx

    from support.proxied import ProxiedTransport
    from support.trust import ssl_context

    try:
        transport = ProxiedTransport(ssl_context())
        with httpx.Client(transport=transport, follow_redirects=True, timeout=_TIMEOUT_SECONDS) as client:
            return client.get(url).raise_for_status().text
    except NetworkSettingError as error:
        raise GatewayApiError(f"{KEY}.url: {url} cannot be read: {error}") from None
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        raise GatewayApiError(
            f"{KEY}.url: {url} cannot be read: {error}; download it once and say {{kind: folder, path: …}}"
        ) from None


def _check_manifests(documents: Iterable[Any], where: str) -> Iterable[Manifest]:
    definitions = 0
    for document in documents:
        kind = document.get("kind") if isinstance(document, dict) and "metadata" in document else None
        if kind not in (DEFINITION, POLICY, BINDING):
            raise GatewayApiError(
                f"{KEY}: {where} holds {kind or 'what is no object'}, which is no part of the Gateway API; remove it"
            )
        annotations = document["metadata"].get("annotations") or {}
        for mark, expected in _MARKS.items():
            if annotations.get(mark) != expected:
                raise GatewayApiError(
                    f"{KEY}: {document['metadata']['name']} in {where} has {mark} {annotations.get(mark)!r}; "
                    f"this program is made for {expected!r}"
                )
        definitions += kind == DEFINITION
        yield _without_descriptions(document)
    if not definitions:
        raise GatewayApiError(f"{KEY}: {where} holds no {DEFINITION}; name the folder with the release's YAML files")


def _without_descriptions(value: Any) -> Any:  # noqa: ANN401 - any part of a manifest
    if isinstance(value, dict):
        return {
            key: _without_descriptions(item)
            for key, item in value.items()
            # A field may be called `description`; its schema is a mapping.
            if key != "description" or not isinstance(item, str)
        }
    return [_without_descriptions(item) for item in value] if isinstance(value, list) else value
