"""The certificate that the gateway serves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pulumi

from boutique.certificates.certificate_errors import CertificateError
from boutique.settings.certificate_settings import CertManagerCertificate, KeptCertificate, secret_name
from components.kubernetes_object import KubernetesObject
from components.metadata import ObjectScope, metadata, name_of

if TYPE_CHECKING:
    from boutique.certificates.certificate import CheckedCertificate as Checked


@dataclass(frozen=True, kw_only=True)
class CertificateArgs:
    """What a `Certificate` needs to know.

    Attributes:
        source: Where it comes from.
        secrets: The values of `boutique.certificates.credentials.KEYS`, as far as they are set.
        hosts: What it has to be valid for; `*.<name>` for all hosts one label below a name.
        scope: The gateway's namespace, since the gateway looks nowhere else, and the stack that owns the objects.
    """

    source: KeptCertificate | CertManagerCertificate
    secrets: Mapping[str, pulumi.Output[str]]
    hosts: Sequence[str]
    scope: ObjectScope


class Certificate(pulumi.ComponentResource):
    """A Secret with the chain and the key, or cert-manager's order for one.

    A certificate of one's own is checked before its Secret is touched: a wrong one ends the program, at preview
    already, and the one that is served stays. The Secret's name is fixed, so that a new certificate is an update in
    place, which gateways get from istiod without a restart.

    Attributes:
        secret_name: The Secret, known once the certificate is in it.
        facts: The public facts of the certificate, see `boutique.certificates.facts`; None for one of cert-manager's.
    """

    secret_name: pulumi.Output[str]
    facts: pulumi.Output[Mapping[str, str | list[str]] | None]

    def __init__(self, name: str, args: CertificateArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("boutique:index:Certificate", name, None, opts)
        object_name = secret_name(args.source)
        if isinstance(args.source, CertManagerCertificate):
            order = KubernetesObject(
                name,
                "cert-manager.io/v1",
                "Certificate",
                pulumi.ResourceOptions(parent=self),
                metadata=metadata(object_name, args.scope, annotations={"pulumi.com/waitFor": "condition=Ready"}),
                spec=_order(args.source, object_name, args.hosts),
            )
            self.secret_name = order.id.apply(lambda _: object_name)
            self.facts = pulumi.Output.from_input(None)
        else:
            checked = _check_certificate(args.source, args.secrets, args.hosts)
            secret = KubernetesObject(
                name,
                "v1",
                "Secret",
                pulumi.ResourceOptions(parent=self),
                metadata=metadata(object_name, args.scope),
                type="kubernetes.io/tls",
                stringData={
                    "tls.crt": checked.apply(lambda certificate: certificate.chain),
                    "tls.key": checked.apply(lambda certificate: certificate.key),
                },
            )
            self.secret_name = name_of(secret.metadata)
            self.facts = pulumi.Output.unsecret(checked.apply(lambda certificate: certificate.facts.to_dict()))
            checked.apply(self._warn)
        self.register_outputs({"secretName": self.secret_name, "facts": self.facts})

    def _warn(self, certificate: "Checked") -> None:
        for warning in certificate.warnings:
            pulumi.log.warn(warning, self)


def _check_certificate(
    source: KeptCertificate, secrets: Mapping[str, pulumi.Output[str]], hosts: Sequence[str]
) -> "pulumi.Output[Checked]":
    def check(values: Mapping[str, Any]) -> "Checked":
        # Imported late: the library behind it takes a while to load, and most stacks have no certificate.
        from boutique.certificates.configured import load_certificate

        try:
            return load_certificate(source, values, hosts)
        except CertificateError as error:
            raise pulumi.RunError(str(error)) from None

    # Secret even if no secret went in: a key may come from a file.
    return pulumi.Output.secret(dict(secrets)).apply(check)


def _order(source: CertManagerCertificate, secret: str, hosts: Sequence[str]) -> Mapping[str, object]:
    """Return the spec of cert-manager's Certificate: https://cert-manager.io/docs/usage/certificate/."""
    return {
        "secretName": secret,
        "dnsNames": list(hosts),
        "issuerRef": {"group": "cert-manager.io", "kind": source.issuer_kind, "name": source.issuer},
        "privateKey": {"algorithm": "ECDSA", "size": 256, "rotationPolicy": "Always"},
    }
