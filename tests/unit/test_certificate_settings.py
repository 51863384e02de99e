"""What a stack may say of where its certificate comes from, and which secrets go with it."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import TypeAdapter, ValidationError

from boutique.certificates import credentials
from boutique.checks.load import SECRETS
from boutique.settings.certificate_settings import CertificateSource, FilesCertificate, secret_name
from boutique.settings.errors import SettingsError, explain
from tests.support.online_boutique import load

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


def mistakes(**section: Any) -> list[str]:
    with pytest.raises(ValidationError) as caught:
        source(**section)
    return explain("boutique:certificate.", CertificateSource, caught.value)


@pytest.mark.parametrize("section", VALID, ids=lambda section: section["kind"])
def test_every_source_can_be_said(section: dict[str, Any]) -> None:
    assert source(**section).kind == section["kind"]


def test_files_are_found_by_a_variable_of_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_FILES", str(tmp_path))
    (tmp_path / "tls.crt").touch()
    (tmp_path / "tls.key").touch()
    found = source(kind="files", chain="${SOME_FILES}/tls.crt", key="${SOME_FILES}/tls.key")
    assert isinstance(found, FilesCertificate)
    assert (found.chain, found.key) == (f"{tmp_path}/tls.crt", f"{tmp_path}/tls.key")


@pytest.mark.parametrize(
    ("section", "expected"),
    [
        (
            {"kind": "pkcs12"},
            ['boutique:certificate.kind: "pkcs12" is not a kind of certificate; there are: acm, certManager, files'],
        ),
        ({"kind": "pfx", "password": "x"}, ["boutique:certificate.password: there is no such key"]),
        (
            {"kind": "files", "chain": "/none/tls.crt", "key": "${NONE}/tls.key"},
            [
                "boutique:certificate.chain: \"/none/tls.crt\": there is no file '/none/tls.crt'",
                'boutique:certificate.key: "${NONE}/tls.key": the environment variable NONE is not set; for a lab run',
            ],
        ),
        ({"kind": "certManager"}, ["boutique:certificate.issuer: is missing"]),
        (
            {"kind": "certManager", "issuer": "Let's Encrypt"},
            ['boutique:certificate.issuer: "Let\'s Encrypt": must be the name of an object'],
        ),
        (
            {"kind": "acm", "arn": "arn:aws:iam::123456789012:server-certificate/x"},
            ['boutique:certificate.arn: "arn:aws:iam::123456789012:server-certificate/x": must be an ARN such'],
        ),
    ],
)
def test_what_cannot_be_is_named(section: dict[str, Any], expected: list[str]) -> None:
    for line, beginning in zip(mistakes(**section), expected, strict=True):
        assert line.startswith(beginning), line


@pytest.mark.parametrize(
    ("section", "present", "expected"),
    [
        ({"kind": "pfx"}, ["certificatePfx"], []),
        ({"kind": "pfx"}, ["certificatePfx", "certificatePassword"], []),
        (
            {"kind": "pfx"},
            [],
            [
                "boutique:certificatePfx: is missing; set it with "
                "`base64 -w0 FILE.pfx | pulumi config set --secret certificatePfx`"
            ],
        ),
        (
            {"kind": "pem"},
            ["certificatePfx"],
            [
                "boutique:certificateChain: is missing; set it with "
                "`pulumi config set --secret certificateChain < FILE.crt`",
                "boutique:certificateKey: is missing; set it with "
                "`pulumi config set --secret certificateKey < FILE.key`",
                "boutique:certificatePfx: is not used with boutique:platform.ingress.certificate {kind: pem}; "
                "remove it with `pulumi config rm certificatePfx`",
            ],
        ),
        (VALID[2], ["certificatePassword"], []),
        (
            {"kind": "acm", "arn": ARN},
            ["certificatePassword"],
            [
                "boutique:certificatePassword: is not used with boutique:platform.ingress.certificate {kind: acm}; "
                "remove it with `pulumi config rm certificatePassword`"
            ],
        ),
    ],
)
def test_secrets_that_a_source_lacks_or_does_not_take_are_named(
    section: dict[str, Any], present: list[str], expected: list[str]
) -> None:
    assert list(credentials.errors(source(**section), present)) == expected


def test_a_secret_of_a_certificate_without_an_ingress_is_refused() -> None:
    values = {"cluster": {"kind": "existing", "context": "c"}, "platform": {"targets": {"a": {}}}}
    said = r"boutique:certificateKey: belongs to a stack with boutique:platform\.ingress"
    with pytest.raises(SettingsError, match=said):
        load({**values, "certificateKey": True})


def test_the_secrets_are_keys_of_the_project() -> None:
    declared = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())["config"]
    assert set(credentials.KEYS) <= set(SECRETS) <= set(declared)


def test_a_certificate_of_cert_managers_has_a_secret_of_its_own() -> None:
    names = {section["kind"]: secret_name(source(**section)) for section in VALID[:4]}
    assert len({names["pfx"], names["pem"], names["files"]}) == 1
    assert names["certManager"] != names["pfx"]
