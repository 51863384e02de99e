"""`boutique audit`: which calls between an application's services carry the key of a feature."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

_HAS_ERRORS = 3


def audit(
    environment: Annotated[str, typer.Argument(metavar="ENV", help="The stack of the environment, such as local.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    cacert: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="An authority to trust besides the system's (PEM).")
    ] = None,
    no_order: Annotated[
        bool, typer.Option("--no-order", help="Place no order; calls that only an order makes are then not exercised.")
    ] = False,
    secrets_provider: Annotated[str | None, typer.Option(help="As for `pulumi stack init`, for its stack.")] = None,
) -> None:
    """Show which calls between the services of an environment carry the key of a feature, and who loses it.

    It deploys every service once more, in the version that the environment runs, as a feature that only the audit's own
    requests reach; requests the pages of the smoke test by its preview link; reads from the proxies which services of
    the feature called which; and removes the feature. No image has to change. The order goes to smoke-test@example.com.

    Exit code: 0 if nothing was lost, 3 if a call lost the key or a page failed, 1 if the environment cannot be audited.
    """
    from ops.audit.audit_run import AuditRequest, run
    from ops.audit.audit_view import show
    from ops.features.feature_view import working
    from ops.pulumi.stack_application import application_of
    from ops.pulumi.workspace import project
    from ops.smoke.gateway_checks import trust

    start = time.monotonic()
    application = application_of(project(), environment)
    request = AuditRequest(
        workloads=application.workloads,
        entry=application.entry.workload,
        pages=[page for page in application.smoke_pages if not (no_order and page.order)],
        trust=trust(cacert, os.environ),
        secrets_provider=secrets_provider,
    )
    with _interruptible(), working(f"auditing {environment}") as progress:
        result = run(project(), environment, request, progress)
    show(result, time.monotonic() - start, as_json=as_json)
    if result.errors:
        raise typer.Exit(_HAS_ERRORS)


@contextmanager
def _interruptible() -> Iterator[None]:
    """Let SIGTERM, by which a CI system cancels a job, end the audit as Ctrl-C does: after the feature is removed."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
