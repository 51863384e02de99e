"""`boutique certificate`: one for development, and what is in any."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    help="The certificate that people's requests are served with: make one for development, look into any.",
    context_settings={"help_option_names": ["-h", "--help"]},
    no_args_is_help=True,
)

PasswordFile = Annotated[
    Path | None, typer.Option(exists=True, dir_okay=False, help="A file with the password on its first line.")
]
AskPassword = Annotated[bool, typer.Option("--password-prompt", help="Ask for the password.")]

_WRONG = 3


@app.command()
def make(
    hosts: Annotated[
        list[str] | None, typer.Option("--host", help="What to make it for, with the names under it; again for more.")
    ] = None,
    out: Annotated[Path, typer.Option(file_okay=False, help="The folder to put it into.")] = Path("certificate"),
    days: Annotated[int, typer.Option(min=1, max=825, help="How long a new one lasts.")] = 90,
    renew: Annotated[bool, typer.Option("--renew", help="Make a new one even if the old one will do.")] = False,
    pfx: Annotated[bool, typer.Option("--pfx", help="Put it into a PFX too.")] = False,
    password_file: PasswordFile = None,
    password_prompt: AskPassword = False,
) -> None:
    """Make a certificate for development, signed by an authority of your own, and say how to trust that.

    Run again, it keeps what is there, unless it is for other hosts or has less than 30 days left. The authority is made
    once and lasts for ten years; it may sign for names that nobody owns, such as those under localhost, and for the
    hosts of its first certificate.
    """
    from ops.certificates.certificate_view import show_made
    from ops.certificates.development_certificates import development_certificate, write_pfx

    password = _password(password_file, ask=password_prompt, confirm=True)
    if pfx and not password:
        raise typer.BadParameter(
            "a PFX needs a password: give --password-file or --password-prompt", param_hint="--pfx"
        )
    made = development_certificate(out, hosts or ["shop.localhost"], days=days, renew=renew)
    show_made(made, write_pfx(out, password) if pfx and password else None)


@app.command()
def show(
    sources: Annotated[list[str], typer.Argument(help="PFX files, PEM files, or servers as HOST:PORT.")],
    hosts: Annotated[
        list[str] | None,
        typer.Option("--host", help="What it has to be valid for, such as '*.shop.localhost'; again for more."),
    ] = None,
    servername: Annotated[str | None, typer.Option(help="Which of its hosts to ask a server for (SNI).")] = None,
    key: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="The private key of a PEM file, to see if it fits.")
    ] = None,
    password_file: PasswordFile = None,
    password_prompt: AskPassword = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show what a certificate is for, who issued it, how long it lasts, and everything that is wrong with it.

    Exit code: 0 if nothing is wrong with any, 3 if something is.
    """
    from ops.certificates.certificate_view import show_seen
    from ops.certificates.inspection import InspectionRequest, look

    password = _password(password_file, ask=password_prompt, confirm=False)
    request = InspectionRequest(hosts=hosts or (), servername=servername, key=key, password=password)
    seen = [look(source, request) for source in sources]
    show_seen(seen, as_json=as_json)
    if any(one.mistakes for one in seen):
        raise typer.Exit(_WRONG)


def _password(file: Path | None, *, ask: bool, confirm: bool) -> str | None:
    if file is not None:
        return file.read_text().partition("\n")[0]
    if ask:
        answer: str = typer.prompt("Password", hide_input=True, confirmation_prompt=confirm, err=True)
        return answer
    return None
