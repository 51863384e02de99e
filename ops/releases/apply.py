"""Applies a planned release: preview or confirmation, `pulumi up`, smoke test."""

import os
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer

from ops.errors import OperationError
from ops.features.feature_view import working
from ops.releases.release_view import show_document
from ops.releases.rollout import Update, deploy, preview_update
from ops.smoke.gateway_checks import trust
from support.deadline import Deadline

_SMOKE_FAILED = 3


@dataclass(frozen=True, kw_only=True)
class Options:
    """Options of the commands that deploy a release.

    Attributes:
        preview: Only preview the update.
        yes: Do not ask for confirmation.
        smoke: Run the smoke test after the update.
        as_json: Print JSON.
        timeout: Seconds for the smoke test.
        cacert: A file with a CA certificate that the smoke test trusts in addition to the system's.
    """

    preview: bool
    yes: bool
    smoke: bool
    as_json: bool
    timeout: float
    cacert: Path | None


def apply_update(project: Path, update: Update, options: Options, document: Mapping[str, Any]) -> None:
    """Deploy a planned release, and print the result.

    Args:
        project: The folder of the project.
        update: What to deploy.
        options: Whether to preview, confirm and test it.
        document: The plan, as `--json` prints it.

    Raises:
        TrustError: The smoke test cannot use the CA certificate; nothing was changed.
        OperationError: The user did not confirm, or the update fails.
        typer.Exit: The smoke test failed.
    """
    began = time.monotonic()
    if options.preview:
        with working(f"previewing {update.stack}") as progress:
            preview = preview_update(project, update, progress)
        if options.as_json:
            show_document({**document, "preview": preview})
        else:
            typer.echo(preview)
        return
    if options.smoke:
        # An unusable CA certificate is reported before anything is changed.
        trust(options.cacert, os.environ)
    _confirm(update, options)
    with working(f"updating {update.stack}") as progress:
        deploy(project, update, progress)
    took = time.monotonic() - began
    if not options.as_json:
        typer.echo(f"{update.stack}: {update.message}: done, {took:.1f} s")
    smoke = _smoke(update.stack, options) if options.smoke else None
    if options.as_json:
        show_document({**document, "deployed": True, "smoke": smoke, "seconds": round(time.monotonic() - began, 1)})
    if smoke and not smoke["ok"]:
        typer.echo(
            f"{update.stack} has the new release, and its smoke test failed; "
            f"`boutique rollback {update.stack}` goes back",
            err=True,
        )
        raise typer.Exit(_SMOKE_FAILED)


def _confirm(update: Update, options: Options) -> None:
    if options.yes:
        return
    if not sys.stdin.isatty():
        raise OperationError(
            f"{update.stack}: cannot ask for confirmation without a terminal, and nothing was changed; "
            "give --yes, or --preview"
        )
    if not typer.confirm(f"{update.stack}: {update.message}?", err=True):
        raise OperationError("nothing was changed")


def _smoke(stack: str, options: Options) -> Mapping[str, Any]:
    from ops.smoke.smoke_run import SmokeRequest, run
    from ops.smoke.smoke_view import progress, show

    deadline = Deadline(options.timeout)
    try:
        with progress(stack, deadline) as report:
            result = run(stack, SmokeRequest(cacert=options.cacert), deadline, report)
    except OperationError as error:
        typer.echo(f"the smoke test did not finish: {error}", err=True)
        return {"ok": False, "mistakes": [str(error)]}
    if not options.as_json:
        show(result, deadline.spent, as_json=False)
    return result.to_dict(deadline.spent)
