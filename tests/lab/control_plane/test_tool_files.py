"""The files that come with the lab's tools are where a stack file looks for them."""

from pathlib import Path
from typing import Any

import pytest

from boutique.certificates.configured import load_certificate
from boutique.mesh.gateway_api import manifests
from boutique.settings.certificate_settings import FilesCertificate
from boutique.settings.mesh_settings import GatewayApiFolder

pytestmark = pytest.mark.lab


def test_files_of_the_tools_are_where_the_environment_says(lab: Any) -> None:
    files = Path(lab.env["BOUTIQUE_LAB_FILES"])
    for chart in ("base", "cni", "istiod"):
        assert (files / f"istio/charts/{chart}/Chart.yaml").is_file()
    assert len(manifests(GatewayApiFolder(kind="folder", path=str(files / "gateway-api")))) == 12


def test_the_path_of_the_files_stays_when_the_tools_change(lab: Any) -> None:
    files = Path(lab.env["BOUTIQUE_LAB_FILES"])
    assert files.parent == Path(lab.env["KUBECONFIG"]).parent
    assert all(path.is_symlink() for path in files.iterdir())


def test_the_certificate_that_the_lab_made_is_among_them(lab: Any) -> None:
    folder = Path(lab.env["BOUTIQUE_LAB_FILES"]) / "certificate"
    source = FilesCertificate(kind="files", chain=str(folder / "tls.crt"), key=str(folder / "tls.key"))
    assert load_certificate(source, {}, ["shop.localhost", "*.shop.localhost"]).facts.days_left() >= 89
