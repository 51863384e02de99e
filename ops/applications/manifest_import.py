"""`boutique application import`: the file of an application from manifests, with what there is to say about it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from boutique.application.application import Application
from boutique.application.application_file import parse_application
from boutique.application.manifests.application_import import ImportedApplication, ImportOptions, import_application
from boutique.application.manifests.field_comparison import FieldComparison, compare_fields
from boutique.application.manifests.import_report import ImportReport
from boutique.application.manifests.manifest_errors import ManifestError
from boutique.application.manifests.manifest_reader import read_manifests
from boutique.application.manifests.manifest_set import ManifestSet
from boutique.application.manifests.service_pairs import WORKLOAD_KINDS
from boutique.settings.errors import SettingsError
from boutique.settings.fields import DnsLabel
from ops.applications.application_writer import write_application
from ops.applications.manifest_sources import STANDARD_INPUT, read_sources
from ops.applications.rendering import render_application
from ops.errors import OperationError

_PART_OF = "app.kubernetes.io/part-of"
_FILE = "the imported file"


@dataclass(frozen=True, kw_only=True)
class ImportRequest:
    """What the user asks for.

    Attributes:
        paths: Files, folders, or `-`.
        namespace: The namespace to take of several.
        name: What the application is called; None to find a name in the manifests.
        entry: The workload that people reach; None to find it.
        session_cookie: The cookie with the id of a session.
        session_header: The header with the id of a session.
        compare: Whether to compare the fields of the manifests with what the program renders.
    """

    paths: Sequence[str]
    namespace: str | None = None
    name: str | None = None
    entry: str | None = None
    session_cookie: str | None = None
    session_header: str | None = None
    compare: bool = False


@dataclass(frozen=True, kw_only=True)
class ImportResult:
    """An imported application.

    Attributes:
        text: Its file.
        report: What was left out, and what was chosen.
        errors: What is invalid in the file, and has to be changed by hand.
        comparison: How the fields of the manifests compare with what the program renders; None if not asked for.
    """

    text: str
    report: ImportReport
    errors: tuple[str, ...]
    comparison: FieldComparison | None


def import_from(request: ImportRequest) -> ImportResult:
    """Import an application.

    Raises:
        OperationError: A file cannot be read, or nothing tells the name or the entry of the application.
    """
    sources = read_sources(request.paths)
    try:
        manifests = read_manifests(sources, request.namespace)
        options = ImportOptions(
            name=_name(request, manifests),
            entry=request.entry,
            session_cookie=request.session_cookie,
            session_header=request.session_header,
        )
        imported = import_application(manifests, options)
    except ManifestError as error:
        raise OperationError(_lines(error.errors)) from None
    text = write_application(imported.content, imported.report)
    application, errors = _parse(text)
    comparison = _compare(imported, application) if request.compare and application else None
    return ImportResult(text=text, report=imported.report, errors=errors, comparison=comparison)


def _compare(imported: ImportedApplication, application: Application) -> FieldComparison:
    return compare_fields(imported, render_application(application))


def _parse(text: str) -> tuple[Application | None, tuple[str, ...]]:
    try:
        return parse_application(text.encode(), _FILE), ()
    except SettingsError as error:
        return None, error.errors


def _lines(errors: Sequence[str]) -> str:
    if len(errors) == 1:
        return errors[0]
    return f"{len(errors)} errors in the manifests:\n" + "\n".join(f"  {line}" for line in errors)


def _name(request: ImportRequest, manifests: ManifestSet) -> str:
    """Return the name that the user gave, or one that the manifests, the namespace or the file tells."""
    if request.name:
        if not _is_name(request.name):
            raise ManifestError(
                [f"--name: {request.name!r}: must be lower-case letters, digits and '-', and start with a letter"]
            )
        return request.name
    name = next(filter(_is_name, _candidates(request, manifests)), None)
    if name is None:
        raise ManifestError(["nothing tells the name of the application; choose one with --name"])
    return name


def _candidates(request: ImportRequest, manifests: ManifestSet) -> Iterable[str]:
    labels = {
        (workload.metadata.get("labels") or {}).get(_PART_OF) for workload in manifests.of_kind(*WORKLOAD_KINDS)
    }  # fmt: skip
    yield from [str(label) for label in labels if label and len(labels) == 1]
    if manifests.namespace and manifests.namespace != "default":
        yield manifests.namespace
    if len(request.paths) == 1 and request.paths[0] != STANDARD_INPUT:
        yield Path(request.paths[0]).resolve().stem


def _is_name(text: str) -> bool:
    try:
        TypeAdapter(DnsLabel).validate_python(text)
    except ValidationError:
        return False
    return True
