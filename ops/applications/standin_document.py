"""The behaviour document of a lab: the stand-ins of all applications that it may run, as the lab reads them."""

import json
from collections.abc import Iterable
from pathlib import Path

from boutique.application.application_file import application_path, lab_path, load_application
from boutique.settings.errors import ErrorLine, SettingsError
from lab.standins.behaviour import render
from ops.applications.standin_behaviours import standin_behaviours
from ops.applications.standin_refinements import parse_refinements


def standin_document(references: Iterable[str], root: Path, previous: str = "{}") -> str:
    """Return the behaviour document of applications.

    Args:
        references: Their names in the folder `application`, or paths of their files.
        root: The folder of the project.
        previous: The document so far, whose other applications are kept.

    Raises:
        SettingsError: A file is wrong, or two are of the same application.
    """
    documents: dict[str, dict[str, object]] = {}
    paths: dict[str, Path] = {}
    errors: list[ErrorLine] = []
    for reference in references:
        try:
            name, path, document = _document(reference, root)
        except SettingsError as error:
            errors += error.errors
            continue
        if paths.setdefault(name, path) != path:
            text = f"{path}: name: {name!r}: is the name of {paths[name]} too; give each application its own"
            errors.append(ErrorLine("duplicate-application", text))
        documents[name] = document
    if errors:
        raise SettingsError(errors)
    kept = {key: value for key, value in _read(previous).items() if key.partition("/")[0] not in documents}
    return json.dumps({**kept, **{key: value for document in documents.values() for key, value in document.items()}})


def _document(reference: str, root: Path) -> tuple[str, Path, dict[str, object]]:
    path = application_path(reference, root)
    application = load_application(reference, root)
    refined = lab_path(path)
    refinements = parse_refinements(refined.read_bytes(), refined.name, application) if refined.is_file() else {}
    behaviours = standin_behaviours(application, refinements)
    document = render({f"{application.name}/{name}": behaviour for name, behaviour in behaviours.items()})
    return application.name, path, json.loads(document)


def _read(document: str) -> dict[str, object]:
    try:
        content = json.loads(document)
    except ValueError:
        # A lab of an earlier version has another document, or a power failure cut it short.
        return {}
    return content if isinstance(content, dict) else {}
