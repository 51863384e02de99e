"""The `boutique` command. Before a command is chosen, only this file and the help texts are imported."""

import sys

import typer

from boutique.certificates.certificate_errors import CertificateError
from ops.commands.application import app as application
from ops.commands.audit import audit
from ops.commands.certificate import app as certificate
from ops.commands.feature import app as feature
from ops.commands.lab import app as lab
from ops.commands.promote import promote
from ops.commands.release import app as release
from ops.commands.review import app as review
from ops.commands.rollback import rollback
from ops.commands.routes import routes
from ops.commands.smoke import smoke
from ops.commands.status import status
from support.errors import UserError

app = typer.Typer(
    help="Environments, releases and feature stacks of a microservice shop, and a lab to try them in.",
    context_settings={"help_option_names": ["-h", "--help"]},
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(lab, name="lab")
app.add_typer(application, name="application")
app.add_typer(certificate, name="certificate")
app.add_typer(feature, name="feature")
app.add_typer(release, name="release")
app.add_typer(review, name="review")
app.command()(routes)
app.command()(smoke)
app.command()(promote)
app.command()(rollback)
app.command()(status)
app.command()(audit)


def main() -> None:
    """Run the command; print an error of its user in one line, without a stack trace."""
    try:
        app()
    except (CertificateError, UserError) as error:
        _fail(str(error))
    except OSError as error:
        # A full disk, a folder that may not be written, a file where a folder should be.
        _fail(f"{error.strerror or error}: {error.filename}" if error.filename else str(error))


def _fail(message: str) -> None:
    typer.secho(f"error: {message}", fg=typer.colors.RED, err=True)
    sys.exit(1)
