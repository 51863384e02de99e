"""Reads Kubernetes objects from manifests, and refuses what is not one."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from boutique.application.manifests.manifest_errors import ManifestError
from boutique.application.manifests.manifest_parser import RENDER_FIRST, parse_documents
from boutique.application.manifests.manifest_set import ManifestObject, ManifestSet
from boutique.application.manifests.manifest_types import full_kind, type_errors
from boutique.settings.errors import nearest

_TEXTS = ("annotations", "data", "stringData", "binaryData", "args", "command", "env")
"""Keys below which braces are a text's own: messages of alerts, files, commands."""
_FEW = 3
_CLUSTER_KINDS = ("Namespace", "CustomResourceDefinition", "ClusterRole", "ClusterRoleBinding", "StorageClass")
"""Kinds of objects that are in no namespace, and may come with any."""


def read_manifests(files: Iterable[tuple[str, bytes]], namespace: str | None = None) -> ManifestSet:
    """Return the objects in manifests.

    Args:
        files: Names and contents.
        namespace: The namespace to take of several.

    Raises:
        ManifestError: A file cannot be read, something in it is not an object, or two objects have one name; with a
            line for each error.
    """
    errors: list[str] = []
    manifests: dict[tuple[str, str, str | None, str], ManifestObject] = {}
    for source, content in files:
        try:
            documents = parse_documents(content, source)
        except ManifestError as error:
            errors += error.errors
            continue
        for place, value in _objects(documents, source):
            manifest, problem = _manifest(value, place)
            if manifest is None:
                errors.append(problem)
                continue
            if problems := list(type_errors(manifest)):
                errors += [f"{place}: {problem}" for problem in problems]
                continue
            key = (manifest.group, manifest.kind, manifest.namespace, manifest.name)
            other = manifests.setdefault(key, manifest)
            if other.content != manifest.content:
                errors.append(f"{place}: {manifest.reference}: is in {other.source} too, and differs; keep one of them")
    if errors:
        raise ManifestError(errors)
    return _of_namespace(tuple(manifests.values()), namespace)


def _objects(documents: Iterable[Any], source: str) -> Iterator[tuple[str, Any]]:
    """Yield each object with its place, those within lists too."""
    for value in documents:
        kind = value.get("kind") if isinstance(value, Mapping) else None
        if isinstance(value, list):
            yield from _objects(value, source)
        elif isinstance(kind, str) and kind.endswith("List") and isinstance(value.get("items"), list):
            # The items of a typed list need not repeat what they are.
            own = {"kind": kind.removesuffix("List"), "apiVersion": value.get("apiVersion")}
            yield from _objects(
                [{**own, **item} if kind != "List" and isinstance(item, Mapping) else item for item in value["items"]],
                source,
            )
        else:
            yield source, value


def _manifest(value: Any, source: str) -> tuple[ManifestObject | None, str]:  # noqa: ANN401 - any content of a file
    """Return an object, or None and what is wrong with it."""
    kind = value.get("kind") if isinstance(value, Mapping) else None
    version = value.get("apiVersion") if isinstance(value, Mapping) else None
    if not isinstance(kind, str) or not isinstance(version, str):
        keys = ", ".join(list(value)[:_FEW]) if isinstance(value, Mapping) else type(value).__name__
        return None, (
            f"{source}: a document ({keys}) is not a Kubernetes object: it has no apiVersion and kind; leave out files "
            f"of other programs, and render templates"
        )
    if kind == "Kustomization":
        return None, f"{source}: is for kustomize: `kubectl kustomize FOLDER | boutique application import -`"
    metadata = value.get("metadata")
    name = metadata.get("name") if isinstance(metadata, Mapping) else None
    if not isinstance(metadata, Mapping) or not isinstance(name, str) or not name:
        generated = metadata.get("generateName") if isinstance(metadata, Mapping) else None
        if generated:
            return None, f"{source}: {kind}: has generateName {generated!r} and no name; give it a name"
        return None, f"{source}: {kind}: has no metadata.name, or one that is not a text; give it a name"
    if template := _template(value):
        return None, f"{source}: {kind}/{name}: {template!r} is a template, not a value; {RENDER_FIRST}"
    for key in ("spec", "data"):
        if value.get(key) is not None and not isinstance(value[key], Mapping):
            return None, f"{source}: {kind}/{name}: {key}: must be a mapping of keys to values"
    return ManifestObject(
        group=version.rpartition("/")[0],
        kind=full_kind(kind, version),
        name=name,
        namespace=metadata.get("namespace"),
        content=value,
        source=source,
    ), ""


def _template(value: object) -> str | None:
    """Return a text that a template has left, in a field that no text with braces of its own can be in."""
    if isinstance(value, str):
        return value if "{{" in value else None
    if isinstance(value, Mapping):
        parts: Iterable[object] = [item for key, item in value.items() if key not in _TEXTS]
    else:
        parts = value if isinstance(value, list) else []
    return next((text for part in parts if (text := _template(part))), None)


def _of_namespace(manifests: tuple[ManifestObject, ...], wanted: str | None) -> ManifestSet:
    names = sorted({m.namespace for m in manifests if m.namespace and m.kind not in _CLUSTER_KINDS})
    if wanted is None and len(names) > 1:
        raise ManifestError(
            [f"the manifests have {len(names)} namespaces: {', '.join(names)}; choose one with --namespace"]
        )
    if wanted is not None and names and wanted not in names:
        raise ManifestError([f"--namespace: {wanted!r}: no manifest has it{nearest(wanted, names)}"])
    namespace = wanted or next(iter(names), None)
    kept = tuple(m for m in manifests if m.namespace in (None, namespace) or m.kind in _CLUSTER_KINDS)
    return ManifestSet(manifests=kept, namespace=namespace, skipped=len(manifests) - len(kept))
