"""What a stack may say of where its certificate comes from, and which secrets go with it."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import TypeAdapter

from boutique.certificates import credentials
from boutique.checks.load import SECRETS
from boutique.settings.certificate_settings import CertificateSource, FilesCertificate, secret_name

ROOT = Path(__file__).parents[2]
ARN = "arn:aws:acm:eu-central-1:123456789012:certificate/01234567-89ab-cdef-0123-456789abcdef"
VALID: list[dict[str, Any]] = [
    {"kind": "pfx"},
    {"kind": "pem"},
    {"kind": "files", "chain": __file__, "key": __file__},
    {"kind": "certManager", "issuer": "letsencrypt"},
    {"kind": "acm", "arn": ARN},
]


def source(**section: Any) -> CertificateSource:
    return TypeAdapter(CertificateSource).validate_python(section)


@pytest.mark.parametrize("section", VALID, ids=lambda section: section["kind"])
def test_every_source_can_be_said(section: dict[str, Any]) -> None:
    assert source(**section).kind == section["kind"]


def test_files_are_found_by_a_variable_of_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_FILES", str(tmp_path))
    (tmp_path / "tls.crt").touch()
    (tmp_path / "tls.key").touch()
    files = source(kind="files", chain="${SOME_FILES}/tls.crt", key="${SOME_FILES}/tls.key")
    assert isinstance(files, FilesCertificate)
    assert (files.chain, files.key) == (f"{tmp_path}/tls.crt", f"{tmp_path}/tls.key")


@pytest.mark.parametrize(
    ("section", "present"),
    [
        ({"kind": "pfx"}, ["certificatePfx"]),
        ({"kind": "pfx"}, ["certificatePfx", "certificatePassword"]),
        (VALID[2], ["certificatePassword"]),
    ],
)
def test_a_source_takes_its_secrets(section: dict[str, Any], present: list[str]) -> None:
    assert not list(credentials.errors(source(**section), present))


def test_the_secrets_are_keys_of_the_project() -> None:
    declared = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())["config"]
    assert set(credentials.KEYS) <= set(SECRETS) <= set(declared)


def test_a_certificate_of_cert_managers_has_a_secret_of_its_own() -> None:
    names = {section["kind"]: secret_name(source(**section)) for section in VALID[:4]}
    assert len({names["pfx"], names["pem"], names["files"]}) == 1
    assert names["certManager"] != names["pfx"]
