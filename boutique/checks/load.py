"""From the values of a stack's configuration to settings, or to all errors in them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from boutique.application.application import Application
from boutique.application.application_file import KEY, application_reference, load_application
from boutique.certificates import credentials
from boutique.checks import check
from boutique.settings.errors import ErrorLine, SettingsError, nearest
from boutique.settings.feature_settings import Feature
from boutique.settings.fields import WORKLOADS
from boutique.settings.release_settings import Release
from boutique.settings.stack import NAMESPACE, SECTIONS, Cluster, Environment, Platform
from boutique.settings.validation_errors import explain
from boutique.targets.target_names import target_name

SERVICE_SECRETS = "serviceSecrets"
SECRETS = ("registryCredentials", SERVICE_SECRETS, *credentials.KEYS)
"""The top-level keys that hold one secret each, or several by name, and are never read into settings."""


@dataclass(frozen=True, kw_only=True)
class StackSettings:
    """The configuration of a stack.

    Attributes:
        application: The application of the stack.
        application_reference: Its name in the folder `application`, or the path of its file.
        target_applications: The application of each target.
    """

    application: Application
    application_reference: str
    target_applications: Mapping[str, Application] = field(default_factory=dict)
    cluster: Cluster | None = None
    platform: Platform | None = None
    environment: Environment | None = None
    release: Release | None = None
    feature: Feature | None = None


def load(values: Mapping[str, Any], read_errors: Sequence[ErrorLine] = (), *, root: Path) -> StackSettings:
    """Return the settings of a stack, with the applications that it names.

    Args:
        values: Every key of the program's namespace in the stack's configuration, without the namespace; the value of a
            secret is never looked at.
        read_errors: Errors in how the values are kept, from reading them.
        root: The folder of the project, which has the files of applications.

    Raises:
        SettingsError: Something is wrong; its text has a line for each error.
    """
    errors = [
        *read_errors,
        *(
            ErrorLine("unknown-key", f"boutique:{key}: there is no such key{nearest(key, [KEY, *SECTIONS, *SECRETS])}")
            for key in values
            if key not in SECTIONS and key not in SECRETS and key != KEY
        ),
    ]
    application = _application(values.get(KEY), root)
    # A feature is of its environment's application, which only the outputs of that stack tell.
    context = {} if is_present(values.get("feature")) else {WORKLOADS: application.workloads_by_name}
    read: dict[str, Any] = {}
    unread = []
    for key, annotation in SECTIONS.items():
        value = values.get(key)
        if not is_present(value):
            continue
        try:
            read[key] = TypeAdapter(annotation).validate_python(value, context=context)
        except ValidationError as error:
            errors += explain(f"{NAMESPACE}:{key}.", annotation, error)
            unread.append(key)
    if not is_present(values.get("cluster")) and not is_present(values.get("feature")):
        errors.append(
            ErrorLine(
                "missing",
                "boutique:cluster: is missing; it says where the stack deploys, such as {kind: existing, context: …}; "
                "only a stack with boutique:feature has none",
            )
        )
    elif not errors and not read.keys() & {"platform", "environment", "feature"}:
        errors.append(
            ErrorLine(
                "nothing-to-build",
                "boutique:cluster: the stack builds nothing; add boutique:platform or boutique:environment, "
                "or boutique:feature in its place",
            )
        )
    if values.get("registryCredentials") and not errors and "platform" not in read:
        errors.append(
            ErrorLine(
                "misplaced-secret",
                "boutique:registryCredentials: belongs to the stack that builds the platform; remove it here",
            )
        )
    if values.get(SERVICE_SECRETS) and not errors and "environment" not in read:
        errors.append(
            ErrorLine(
                "misplaced-secret",
                f"boutique:{SERVICE_SECRETS}: belongs to the stack of an environment; remove it here",
            )
        )
    platform = read.get("platform")
    if "platform" not in unread:
        source = platform.ingress.certificate if platform and platform.ingress else None
        errors += credentials.errors(source, [key for key in credentials.KEYS if values.get(key)])
    errors += check(
        application=application,
        cluster=read.get("cluster"),
        platform=read.get("platform"),
        environment=read.get("environment"),
        release=read.get("release"),
        feature=read.get("feature"),
        unread=unread,
    )
    if errors:
        raise SettingsError(errors)
    applications = {
        name: load_application(target.application, root) if target.application else application
        for name, target in (platform.targets if platform else {}).items()
    }
    if read.get("environment"):
        errors += _other_application(read["cluster"], platform, read["environment"], application, applications)
    if errors:
        raise SettingsError(errors)
    return StackSettings(
        application=application,
        application_reference=application_reference(values[KEY]),
        target_applications=applications,
        **read,
    )


def _application(reference: object, root: Path) -> Application:
    if reference is None:
        raise SettingsError(
            [
                ErrorLine(
                    "missing",
                    f"{NAMESPACE}:{KEY}: is missing; name a file of the folder application, such as {NAMESPACE}:{KEY}: "
                    "my-app",
                )
            ]
        )
    if not isinstance(reference, str):
        text = f"{NAMESPACE}:{KEY}: {reference!r}: must be text: a name in application/, or a path"
        raise SettingsError([ErrorLine("string-type", text)])
    return load_application(reference, root)


def _other_application(
    cluster: Cluster,
    platform: Platform | None,
    environment: Environment,
    application: Application,
    applications: Mapping[str, Application],
) -> Iterator[ErrorLine]:
    target = target_name(cluster, platform, environment)
    if (planned := applications.get(target)) and planned != application:
        yield ErrorLine(
            "another-application",
            f"{NAMESPACE}:platform.targets.{target}.application: {planned.name!r}: the environment of this stack runs "
            f"{application.name!r}; set {NAMESPACE}:{KEY} to the same, or remove this key",
        )


def is_present(section: object) -> bool:
    """Say whether a stack has a section; an empty mapping is one with all defaults, `enabled: false` is none."""
    return section is not None and not (isinstance(section, dict) and section.get("enabled") is False)
