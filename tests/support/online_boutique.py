"""Online Boutique, as its file describes it, for tests of the application that ships with the program."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from boutique.application.application_file import FOLDER, KEY, load_application
from boutique.application.contract import contract
from boutique.checks import load as loading
from boutique.checks.feature import errors as feature_errors
from boutique.checks.load import StackSettings
from boutique.settings.errors import ErrorLine, SettingsError

ROOT = Path(__file__).parents[2]
REFERENCE = "online-boutique"
APPLICATION = load_application(REFERENCE, ROOT)
WORKLOADS = APPLICATION.workloads
ENTRY = APPLICATION.entry_workload
SESSION_COOKIE = APPLICATION.entry.session_cookie or ""
PAGES = APPLICATION.smoke_pages
assert APPLICATION.images is not None
REPOSITORY, VERSION = APPLICATION.images.repository, APPLICATION.images.tag
ADSERVICE, CHECKOUTSERVICE, FRONTEND, LOADGENERATOR, REDIS_CART = (
    APPLICATION.workloads_by_name[name]
    for name in ("adservice", "checkoutservice", "frontend", "loadgenerator", "redis-cart")
)
CUSTOMER = next(page.form["email"] for page in PAGES if page.order and page.form)
"""Whom test orders go to."""
PROJECT = f"name: boutique\nconfig:\n  application: {{type: string, default: {REFERENCE}}}\n"
"""The text of a Pulumi.yaml."""
CONTRACT = contract(APPLICATION, REFERENCE).model_dump(by_alias=True, mode="json")
"""What the output `environment` has of the application."""


def write_project(folder: Path, text: str = PROJECT) -> None:
    """Write a project without stacks to a folder."""
    (folder / "Pulumi.yaml").write_text(text)
    (folder / FOLDER).symlink_to(ROOT / FOLDER)


def load(values: Mapping[str, Any], read_errors: Sequence[ErrorLine] = ()) -> StackSettings:
    """Return the settings of a stack of Online Boutique; see `boutique.checks.load.load`.

    A feature is checked as its layer does it, which knows the application from the environment.
    """
    settings = loading.load({KEY: REFERENCE, **values}, read_errors, root=ROOT)
    if settings.feature and (errors := list(feature_errors(APPLICATION, settings.feature))):
        raise SettingsError(errors)
    return settings
