"""`boutique certificate`: creates a development certificate, and inspects any certificate."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    help="The certificate of the gateway: make one for development, inspect any.",
    context_settings={"help_option_names": ["-h", "--help"]},
    no_args_is_help=True,
)

PasswordFile = Annotated[
    Path | None, typer.Option(exists=True, dir_okay=False, help="A file with the password on its first line.")
]
AskPassword = Annotated[bool, typer.Option("--password-prompt", help="Ask for the password.")]

_HAS_ERRORS = 3


@app.command()
def make(
    hosts: Annotated[
        list[str] | None, typer.Option("--host", help="The host to make it for, with the names under it; repeatable.")
    ] = None,
    out: Annotated[Path, typer.Option(file_okay=False, help="The folder to put it into.")] = Path("certificate"),
    days: Annotated[int, typer.Option(min=1, max=825, help="Days until a new one expires.")] = 90,
    renew: Annotated[bool, typer.Option("--renew", help="Make a new one even if the old one is valid.")] = False,
    pfx: Annotated[bool, typer.Option("--pfx", help="Put it into a PFX too.")] = False,
    password_file: PasswordFile = None,
    password_prompt: AskPassword = False,
) -> None:
    """Make a certificate for development, signed by an authority of your own, and print how to trust that.

    Run again, it keeps the certificate, unless it is for other hosts or has less than 30 days left. The authority is
    made once and lasts for ten years; it may sign for reserved names, such as those under localhost, and for the hosts
    of its first certificate.
    """
    from ops.certificates.certificate_view import show_made
    from ops.certificates.development_certificates import development_certificate, write_pfx

    password = _password(password_file, ask=password_prompt, confirm=True)
    if pfx and not password:
        raise typer.BadParameter(
            "a PFX needs a password: give --password-file or --password-prompt", param_hint="--pfx"
        )
    certificate = development_certificate(out, hosts or ["shop.localhost"], days=days, renew=renew)
    show_made(certificate, write_pfx(out, password) if pfx and password else None)


@app.command()
def show(
    sources: Annotated[list[str], typer.Argument(help="PFX files, PEM files, or servers as HOST:PORT.")],
    hosts: Annotated[
        list[str] | None,
        typer.Option("--host", help="A host that it has to be valid for, such as '*.shop.localhost'; repeatable."),
    ] = None,
    servername: Annotated[str | None, typer.Option(help="The host name to request from a server (SNI).")] = None,
    key: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="The private key of a PEM file, to see if it fits.")
    ] = None,
    password_file: PasswordFile = None,
    password_prompt: AskPassword = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show the names of a certificate, its issuers, its validity, and all errors in it.

    Exit code: 0 without errors, 3 with errors.
    """
    from ops.certificates.certificate_view import show_inspections
    from ops.certificates.inspection import InspectionRequest, inspect_source

    password = _password(password_file, ask=password_prompt, confirm=False)
    request = InspectionRequest(hosts=hosts or (), servername=servername, key=key, password=password)
    results = [inspect_source(source, request) for source in sources]
    show_inspections(results, as_json=as_json)
    if any(result.errors for result in results):
        raise typer.Exit(_HAS_ERRORS)


def _password(file: Path | None, *, ask: bool, confirm: bool) -> str | None:
    if file is not None:
        return file.read_text().partition("\n")[0]
    if ask:
        answer: str = typer.prompt("Password", hide_input=True, confirmation_prompt=confirm, err=True)
        return answer
    return None
