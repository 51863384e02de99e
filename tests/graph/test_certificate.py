"""The certificate's component: one Secret of one name, checked before it is touched, and nothing of it in clear."""

import subprocess
import sys
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pulumi
import pytest

from boutique.names.labels import Owner
from boutique.settings.certificate_settings import CertManagerCertificate, PemCertificate, PfxCertificate
from components.certificate import Certificate, CertificateArgs
from components.metadata import ObjectScope
from tests.support.certificate_samples import (
    GOOD,
    HOST,
    HOSTS,
    INNER,
    NOW,
    OUTER,
    PASSWORD,
    Secrets,
    leaf,
    pem,
    pfx_with_chain,
)
from tests.support.graph.clear_text import clear_texts, recorded_values
from tests.support.graph.cloud_answers import Cloud
from tests.support.graph.graph_recorder import ROOT, Graph, record

PFX = PfxCertificate(kind="pfx")
SECRET = "kubernetes:core/v1:Secret"  # noqa: S105 - a type


class Witness(Cloud):
    """A cloud that remembers which types of resource it was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    def new_resource(self, args: Any) -> tuple[str, dict[str, Any]]:
        self.asked.append(args.typ)
        return super().new_resource(args)


@pytest.fixture(autouse=True)
def on_the_day(monkeypatch: pytest.MonkeyPatch) -> None:
    import boutique.certificates.configured as module

    checked = module.load_certificate
    monkeypatch.setattr(module, "load_certificate", lambda *arguments: checked(*arguments, now=NOW))


OWNER = Owner(stack="some", application="shop")


def build(source: Any, secrets: Secrets, *, preview: bool = False, cloud: Cloud | None = None) -> Graph:
    def program() -> None:
        given: Mapping[str, Any] = {key: pulumi.Output.secret(value) for key, value in secrets.items() if value}
        args = CertificateArgs(
            source=source,
            secrets=given,
            hosts=HOSTS,
            scope=ObjectScope(namespace="istio-ingress", owner=OWNER),
        )
        certificate = Certificate("certificate", args)
        pulumi.export("name", certificate.secret_name)
        pulumi.export("facts", certificate.facts)

    return record(program, cloud or Witness(), stack="some", config={}, preview=preview)


def test_the_secret_is_what_istio_reads() -> None:
    cloud = Witness()
    graph = build(PFX, pfx_with_chain(GOOD), cloud=cloud)
    assert SECRET in cloud.asked
    secret = graph.one("Secret", "certificate")
    assert secret.inputs["type"] == "kubernetes.io/tls"
    assert secret.inputs["stringData"]["tls.crt"] == GOOD.pem + INNER.pem + OUTER.pem
    assert secret.inputs["stringData"]["tls.key"] == GOOD.key_pem()
    assert secret.object_name == ("Secret", "istio-ingress", "certificate")
    assert graph.outputs["name"] == "certificate"


def test_a_new_certificate_is_the_same_secret_with_other_data() -> None:
    renewed = leaf()
    before, after = (
        build(PFX, pfx_with_chain(certificate)).one("Secret", "certificate") for certificate in (GOOD, renewed)
    )
    assert before.urn == after.urn
    assert before.object_name == after.object_name
    assert after.inputs["stringData"]["tls.key"] == renewed.key_pem()
    assert not after.request.replaceOnChanges
    assert not after.request.deleteBeforeReplace


def test_another_kind_of_source_is_the_same_secret_too() -> None:
    before = build(PFX, pfx_with_chain(GOOD)).one("Secret", "certificate")
    after = build(PemCertificate(kind="pem"), pem(GOOD, INNER, OUTER)).one("Secret", "certificate")
    assert before.inputs == after.inputs
    assert before.urn == after.urn


def test_nothing_secret_is_in_clear_and_the_facts_are() -> None:
    secrets = pfx_with_chain(GOOD)
    graph = build(PFX, secrets)
    texts = list(clear_texts(recorded_values(graph)))
    for canary in (*GOOD.key_pem().splitlines()[1:-1], PASSWORD, *secrets.values()):
        assert not any(str(canary) in text for text in texts)
    assert graph.outputs["facts"]["notAfter"] == "2026-08-30T12:00:00+00:00"
    assert graph.outputs["facts"]["subject"] == f"CN={HOST}"


@pytest.mark.parametrize("preview", [True, False])
def test_a_wrong_certificate_ends_the_program_before_its_secret_is_touched(preview: bool) -> None:
    cloud = Witness()
    wrong = {**pfx_with_chain(GOOD), "certificatePassword": "canary-of-a-wrong-password"}
    with pytest.raises(pulumi.RunError) as caught:
        build(PFX, wrong, preview=preview, cloud=cloud)
    assert str(caught.value) == (
        "boutique:certificatePassword: is not the password of the PFX in boutique:certificatePfx; "
        "set the one that it was exported with"
    )
    assert SECRET not in cloud.asked


def test_all_mistakes_are_told_together() -> None:
    bad = leaf(hosts=["other.example"], ends=timedelta(hours=-1))
    with pytest.raises(pulumi.RunError, match=r"^2 errors in the certificate:\n  .*key of.*\n  .*not valid"):
        build(PemCertificate(kind="pem"), pem(bad, INNER, OUTER, key=GOOD.key_pem()))


def test_one_that_ends_soon_is_warned_of(monkeypatch: pytest.MonkeyPatch) -> None:
    warned: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", lambda text, *_: warned.append(text))
    build(PFX, pfx_with_chain(leaf(ends=timedelta(days=12))))
    assert warned == [f"boutique:certificatePfx: 'CN={HOST}' expires on 2026-06-13 12:00 UTC, in 12 days; renew it"]
    build(PFX, pfx_with_chain(GOOD))
    assert len(warned) == 1


def test_cert_manager_is_asked_for_the_hosts_and_waited_for() -> None:
    source = CertManagerCertificate(kind="certManager", issuer="letsencrypt")
    graph = build(source, {})
    [order] = [resource for resource in graph.objects if resource.type == "kubernetes:cert-manager.io/v1:Certificate"]
    assert order.inputs["metadata"]["namespace"] == "istio-ingress"
    assert order.inputs["metadata"]["annotations"]["pulumi.com/waitFor"] == "condition=Ready"
    assert order.inputs["spec"]["dnsNames"] == list(HOSTS)
    assert order.inputs["spec"]["issuerRef"] == {
        "group": "cert-manager.io",
        "kind": "ClusterIssuer",
        "name": "letsencrypt",
    }
    assert order.inputs["spec"]["secretName"] == graph.outputs["name"]
    assert not graph.of("Secret")


def test_cert_managers_secret_is_not_the_one_that_is_deleted_when_a_stack_goes_over_to_it() -> None:
    own = build(PFX, pfx_with_chain(GOOD)).outputs["name"]
    issued = build(CertManagerCertificate(kind="certManager", issuer="letsencrypt"), {}).outputs["name"]
    assert own != issued


def test_a_stack_without_a_certificate_does_not_load_what_reads_one() -> None:
    code = "import stacks.program, components.certificate, sys; sys.exit('cryptography' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
