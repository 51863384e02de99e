"""The configuration of the certificate that the gateway serves: where it comes from; nothing secret."""

from typing import Annotated, Literal

from pydantic import Field

from boutique.settings.fields import CertificateArn, FilePath, ObjectName, Section

KEY = "boutique:platform.ingress.certificate"
"""Where a stack file says it."""


class PfxCertificate(Section):
    """A PFX (PKCS #12) file with the certificate, its chain and its key: the secret `certificatePfx`, in base64."""

    kind: Literal["pfx"]


class PemCertificate(Section):
    """PEM texts: the secrets `certificateChain` and `certificateKey`."""

    kind: Literal["pem"]


class FilesCertificate(Section):
    """PEM files on the machine that runs the program: of the lab, or put there by CI."""

    kind: Literal["files"]
    chain: FilePath
    """The certificate and its issuers; `${NAME}` stands for an environment variable."""
    key: FilePath
    """The private key; `${NAME}` stands for an environment variable."""


class CertManagerCertificate(Section):
    """A certificate that cert-manager, which has to be on the cluster, asks for and renews."""

    kind: Literal["certManager"]
    issuer: ObjectName
    """Who issues it; has to prove the hosts by DNS-01, since there is a wildcard among them."""
    issuer_kind: Literal["ClusterIssuer", "Issuer"] = "ClusterIssuer"
    """An `Issuer` has to be in the gateway's namespace."""


class AcmCertificate(Section):
    """A certificate of AWS Certificate Manager: TLS ends at the load balancer, and the gateway sees plain HTTP."""

    kind: Literal["acm"]
    arn: CertificateArn
    """Which one; in the region of the load balancer, and valid for every host."""


KeptCertificate = PfxCertificate | PemCertificate | FilesCertificate
"""What the program reads, checks and hands to the gateway itself."""

CertificateSource = Annotated[KeptCertificate | CertManagerCertificate | AcmCertificate, Field(discriminator="kind")]


def secret_name(source: KeptCertificate | CertManagerCertificate) -> str:
    """Return the Secret that the gateway takes the certificate from.

    It has a name for each owner. With one for both, a stack that goes over from its own certificate to cert-manager's
    would delete what cert-manager has just put there.
    """
    return "certificate-issued" if isinstance(source, CertManagerCertificate) else "certificate"
