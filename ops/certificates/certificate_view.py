"""What the `boutique certificate` commands show."""

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
"""What makes programs trust an authority; `trust` comes with p11-kit, `certutil` with libnss3-tools or nss-tools."""


def show_made(made: Development, pfx: Path | None) -> None:
    """Say what there is now, and how to trust it."""
    state = "new certificate" if made.is_new else "kept the certificate"
    typer.echo(f"{state} for {', '.join(made.names)}, until {made.ends:%Y-%m-%d}, in {made.folder}")
    _row(CHAIN_FILE, "the certificate and its issuer")
    _row(KEY_FILE, "its private key")
    if pfx:
        _row(pfx.name, "all of it, with a password")
    what = "a new authority" if made.has_new_authority else "the authority"
    _row(AUTHORITY_FILE, f"{what} that signed it; its key is in {paths.authority()}")
    typer.echo("\nWhoever trusts the authority trusts the certificate and its successors:")
    authority = shlex.quote(str(made.folder / AUTHORITY_FILE))
    for program, command in _TRUST:
        typer.echo(f"  {program:<10}{command.format(ca=authority, host=made.names[0])}")


def show_seen(seen: Sequence[Seen], *, as_json: bool) -> None:
    """Print what was found out, for a reader or for a program."""
    if as_json:
        typer.echo(json.dumps([_json(one) for one in seen], indent=2))
        return
    for number, one in enumerate(seen):
        typer.echo(f"{chr(10) if number else ''}{one.source}")
        _print(one)


def _print(one: Seen) -> None:
    if one.inspection:
        facts = one.inspection.facts
        _row("subject", facts.subject)
        _row("names", ", ".join(facts.names) or "none")
        for number, issuer in enumerate(facts.issuers):
            _row("" if number else "issued by", issuer)
        _row("valid", f"{facts.not_before:%Y-%m-%d %H:%M} to {facts.not_after:%Y-%m-%d %H:%M} UTC")
        _row("days left", str(facts.days_left()))
        _row("key", f"{facts.key}{', the private key is there too' if one.has_key else ''}")
        _row("SHA-256", facts.fingerprint)
        if one.protocol:
            _row("protocol", one.protocol)
        for host, covered in one.covered:
            _row(f"{'is' if covered else 'is not'} for", host)
        for warning in one.inspection.warnings:
            typer.secho(f"  warning: {warning}", fg=typer.colors.YELLOW)
    for mistake in one.mistakes:
        typer.secho(f"  wrong: {mistake}", fg=typer.colors.RED)


def _json(one: Seen) -> dict[str, object]:
    content: dict[str, object] = {"source": one.source, "mistakes": list(one.mistakes)}
    if one.inspection:
        facts = one.inspection.facts
        content |= facts.to_dict()
        content |= {
            "daysLeft": facts.days_left(),
            "hosts": dict(one.covered),
            "privateKey": one.has_key,
            "protocol": one.protocol or None,
            "warnings": list(one.inspection.warnings),
        }
    return content


def _row(title: str, value: str) -> None:
    typer.echo(f"  {title:<12}{value}")
