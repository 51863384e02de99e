"""The output of the `boutique certificate` commands."""

import json
import shlex
from collections.abc import Sequence
from pathlib import Path

import typer

from ops.certificates.development_certificates import AUTHORITY_FILE, CHAIN_FILE, KEY_FILE, Development
from ops.certificates.inspection import Seen
from support import paths

_TRUST = (
    ("curl", "curl --cacert {ca} https://{host}"),
    ("Debian", "sudo cp {ca} /usr/local/share/ca-certificates/boutique.crt && sudo update-ca-certificates"),
    ("Fedora", "sudo trust anchor {ca}"),
    ("macOS", "security add-trusted-cert -r trustRoot -k ~/Library/Keychains/login.keychain-db {ca}"),
    ("Chromium", "certutil -d sql:$HOME/.pki/nssdb -A -t C,, -n boutique -i {ca}"),
    ("Firefox", "Settings > Privacy & Security > View Certificates > Authorities > Import: {ca}"),
)
"""Commands that make programs trust an authority; `trust` is in p11-kit, `certutil` in libnss3-tools or nss-tools."""


def show_made(certificate: Development, pfx: Path | None) -> None:
    """Print the files of a certificate, and how to trust its authority."""
    state = "new certificate" if certificate.is_new else "kept the certificate"
    typer.echo(
        f"{state} for {', '.join(certificate.names)}, until {certificate.ends:%Y-%m-%d}, in {certificate.folder}"
    )
    _row(CHAIN_FILE, "the certificate and its issuer")
    _row(KEY_FILE, "its private key")
    if pfx:
        _row(pfx.name, "all of it, with a password")
    what = "a new authority" if certificate.has_new_authority else "the authority"
    _row(AUTHORITY_FILE, f"{what} that signed it; its key is in {paths.authority()}")
    typer.echo("\nA client that trusts the authority trusts the certificate and its successors:")
    authority = shlex.quote(str(certificate.folder / AUTHORITY_FILE))
    for program, command in _TRUST:
        typer.echo(f"  {program:<10}{command.format(ca=authority, host=certificate.names[0])}")


def show_inspections(results: Sequence[Seen], *, as_json: bool) -> None:
    """Print the results of inspections, as text or as JSON."""
    if as_json:
        typer.echo(json.dumps([_json(result) for result in results], indent=2))
        return
    for number, result in enumerate(results):
        typer.echo(f"{chr(10) if number else ''}{result.source}")
        _print(result)


def _print(result: Seen) -> None:
    if result.inspection:
        facts = result.inspection.facts
        _row("subject", facts.subject)
        _row("names", ", ".join(facts.names) or "none")
        for number, issuer in enumerate(facts.issuers):
            _row("" if number else "issued by", issuer)
        _row("valid", f"{facts.not_before:%Y-%m-%d %H:%M} to {facts.not_after:%Y-%m-%d %H:%M} UTC")
        _row("days left", str(facts.days_left()))
        _row("key", f"{facts.key}{', with the private key' if result.has_key else ''}")
        _row("SHA-256", facts.fingerprint)
        if result.protocol:
            _row("protocol", result.protocol)
        for host, covered in result.covered:
            _row(f"{'is' if covered else 'is not'} for", host)
        for warning in result.inspection.warnings:
            typer.secho(f"  warning: {warning}", fg=typer.colors.YELLOW)
    for error in result.errors:
        typer.secho(f"  error: {error}", fg=typer.colors.RED)


def _json(result: Seen) -> dict[str, object]:
    content: dict[str, object] = {"source": result.source, "mistakes": list(result.errors)}
    if result.inspection:
        facts = result.inspection.facts
        content |= facts.to_dict()
        content |= {
            "daysLeft": facts.days_left(),
            "hosts": dict(result.covered),
            "privateKey": result.has_key,
            "protocol": result.protocol or None,
            "warnings": list(result.inspection.warnings),
        }
    return content


def _row(title: str, value: str) -> None:
    typer.echo(f"  {title:<12}{value}")
