"""From one certificate to the next."""

import base64
import subprocess
from pathlib import Path

import pytest

from tests.support.lab.gateway_clients import load
from tests.support.lab.lab_commands import BOUTIQUE, eventually
from tests.support.lab.local_updates import HOST, OTHER, IngressEnvironment, report, versions

pytestmark = pytest.mark.lab

PASSWORD = "canary-of-the-password"  # noqa: S105 - a canary


def test_a_new_certificate_is_served_at_once_and_a_wrong_one_never(
    ingress_lab: IngressEnvironment, tmp_path: Path
) -> None:
    ingress_lab.set("platform.ingress.certificate.kind", "pfx")
    for key in ("chain", "key"):
        ingress_lab.unset(f"platform.ingress.certificate.{key}")
    ingress_lab.set("certificatePassword", PASSWORD, secret=True)
    ingress_lab.set("certificatePfx", pfx(ingress_lab, tmp_path, HOST, OTHER), secret=True)
    gateways, old = ingress_lab.gateways(), ingress_lab.site.serial()
    with load(ingress_lab.site, "/_healthz", pause=0.05) as traffic:
        ingress_lab.stack.up()
        eventually(lambda: ingress_lab.site.serial() != old, "the new certificate is served")
    report("new certificate", traffic)
    assert not traffic.failures
    assert traffic.fresh > 50
    assert ingress_lab.gateways() == gateways

    # What Helm knows of its releases is in Secrets as well.
    new, secrets = ingress_lab.site.serial(), versions(ingress_lab.lab, "secrets", "istio-ingress")
    ingress_lab.set("certificatePassword", "not-the-password", secret=True)
    assert "boutique:certificatePassword" in refusal_message(ingress_lab)
    ingress_lab.set("certificatePassword", PASSWORD, secret=True)
    ingress_lab.set("certificatePfx", pfx(ingress_lab, tmp_path, "elsewhere.localhost"), secret=True)
    assert f"is not valid for {ingress_lab.site.host}" in refusal_message(ingress_lab)
    assert ingress_lab.site.serial() == new
    assert versions(ingress_lab.lab, "secrets", "istio-ingress") == secrets


def pfx(door: IngressEnvironment, folder: Path, *hosts: str) -> str:
    """Return a new development certificate for hosts as a PFX in base64."""
    file = folder / "password"
    file.write_text(PASSWORD)
    made_for = [argument for host in hosts for argument in ("--host", host)]
    command = ["make", *made_for, "--out", str(folder), "--renew", "--pfx", "--password-file", str(file)]
    subprocess.run([*BOUTIQUE, "certificate", *command], env=door.lab.env, capture_output=True, check=True)
    return base64.b64encode((folder / "tls.pfx").read_bytes()).decode()


def refusal_message(door: IngressEnvironment) -> str:
    """Return what is said by an update that has to fail, without a secret in it."""
    done = door.stack.up(check=False)
    assert done.returncode != 0
    assert "Traceback" not in done.stdout
    assert PASSWORD not in done.stdout
    assert "not-the-password" not in done.stdout
    return done.stdout
