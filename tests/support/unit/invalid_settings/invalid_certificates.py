"""Certificates with errors or without their secrets, and the key and the code of each error."""

from typing import Any

from tests.support.unit.invalid_settings.invalid_case import InvalidCase
from tests.support.unit.invalid_settings.invalid_hosts import ARN, stack

SECTION = "boutique:platform.ingress.certificate"


def certificate(*secrets: str, **section: Any) -> dict[str, Any]:
    return {**stack({"dev": {"host": "a.example"}}, certificate=section), **dict.fromkeys(secrets, True)}


def acm(*secrets: str) -> dict[str, Any]:
    balancer = {"kind": "nlb"}
    section = {"kind": "acm", "arn": ARN}
    stack_values = stack({"dev": {"host": "a.example"}}, certificate=section, loadBalancer=balancer)
    return {**stack_values, **dict.fromkeys(secrets, True)}


CASES: list[InvalidCase] = [
    (certificate(kind="pkcs12"), [(f"{SECTION}.kind", "unknown-kind")]),
    (certificate(kind="pfx", password="x"), [(f"{SECTION}.password", "unknown-key")]),  # noqa: S106 - refused
    (
        certificate(kind="files", chain="/none/tls.crt", key="${NONE}/tls.key"),
        [(f"{SECTION}.chain", "invalid-value"), (f"{SECTION}.key", "invalid-value")],
    ),
    (certificate(kind="certManager"), [(f"{SECTION}.issuer", "missing")]),
    (certificate(kind="certManager", issuer="Let's Encrypt"), [(f"{SECTION}.issuer", "invalid-value")]),
    (
        certificate(kind="acm", arn="arn:aws:iam::123456789012:server-certificate/x"),
        [(f"{SECTION}.arn", "invalid-value")],
    ),
    (certificate(kind="pfx"), [("boutique:certificatePfx", "missing")]),
    (
        certificate("certificatePfx", kind="pem"),
        [
            ("boutique:certificateChain", "missing"),
            ("boutique:certificateKey", "missing"),
            ("boutique:certificatePfx", "unused-secret"),
        ],
    ),
    (acm("certificatePassword"), [("boutique:certificatePassword", "unused-secret")]),
    (
        {
            "cluster": {"kind": "existing", "context": "c"},
            "platform": {"targets": {"a": {}}},
            "certificateKey": True,
        },
        [("boutique:certificateKey", "unused-secret")],
    ),
]
