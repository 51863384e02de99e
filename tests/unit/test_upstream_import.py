"""The applications that ship with the program are what the import makes of their publishers' manifests."""

import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from boutique.application.application_file import load_application, parse_application
from boutique.application.manifests.application_import import ImportedApplication, ImportOptions, import_application
from boutique.application.manifests.field_comparison import FieldComparison, compare_fields
from boutique.application.manifests.manifest_reader import read_manifests
from ops.applications.application_writer import write_application
from ops.applications.rendering import render_application
from tests.support.unit.upstream_manifests import upstream_text

ROOT = Path(__file__).parents[2]
BY_HAND = {
    "redis-cart": {"image", "stateful"},
    "checkoutservice": {"loses_baggage_to"},
    "frontend": {"banner_variable"},
    # The table of facts describes upstream's shell loop, and has it not.
    "loadgenerator": {"optional", "init_containers"},
}
"""What no manifest tells of Online Boutique, by workload."""
BOOKINFO_BY_HAND = {"callsByName", "losesBaggageTo", "readinessProbe", "resources", "user"}


def import_files(files: list[tuple[str, bytes]], name: str) -> ImportedApplication:
    return import_application(read_manifests(files), ImportOptions(name=name))


def compare_rendered(application: ImportedApplication) -> FieldComparison:
    text = write_application(application.content, application.report)
    return compare_fields(application, render_application(parse_application(text.encode(), "x.yaml")))


@pytest.fixture(scope="module")
def bookinfo() -> ImportedApplication:
    try:
        cache = subprocess.run(["go", "env", "GOMODCACHE"], capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("Go is not installed")
    folders = sorted(Path(cache, "istio.io").glob("istio@*/samples/bookinfo"))
    if not folders:
        pytest.skip("Istio's module is not in Go's cache; the lab's tools are not built from source here")
    paths = [folders[-1] / "platform/kube/bookinfo.yaml", folders[-1] / "networking/bookinfo-gateway.yaml"]
    return import_files([(path.name, path.read_bytes()) for path in paths], "bookinfo")


def test_online_boutique_is_imported_as_its_file_has_it() -> None:
    application = import_files([("kubernetes-manifests.yaml", upstream_text())], "online-boutique")
    assert application.report.left_out == []
    text = write_application(application.content, application.report)
    read, committed = parse_application(text.encode(), "x.yaml"), load_application("online-boutique", ROOT)
    assert read.images is not None
    assert committed.images is not None
    assert (read.entry.workload, read.images.repository) == (committed.entry.workload, committed.images.repository)
    assert set(read.workloads_by_name) == set(committed.workloads_by_name)
    for name, workload in committed.workloads_by_name.items():
        own = read.workloads_by_name[name]
        differing = {key for key in type(workload).model_fields if getattr(own, key) != getattr(workload, key)}
        assert differing == BY_HAND.get(name, set()), name


def test_every_field_of_online_boutique_is_rendered_again() -> None:
    comparison = compare_rendered(import_files([("kubernetes-manifests.yaml", upstream_text())], "online-boutique"))
    assert comparison.differences == []
    assert comparison.decided == []
    assert comparison.equal == 390


def test_bookinfo_is_imported_as_its_file_has_it(bookinfo: ImportedApplication) -> None:
    committed = yaml.safe_load((ROOT / "application/bookinfo.yaml").read_text())
    assert bookinfo.report.left_out == []
    assert bookinfo.content["entry"] == committed["entry"]
    assert set(bookinfo.content["workloads"]) == set(committed["workloads"])
    for name, workload in bookinfo.content["workloads"].items():
        own: Mapping[str, Any] = committed["workloads"][name]
        assert {key: value for key, value in own.items() if key not in BOOKINFO_BY_HAND} == workload, name


def test_every_field_of_bookinfo_is_rendered_again(bookinfo: ImportedApplication) -> None:
    comparison = compare_rendered(bookinfo)
    assert comparison.differences == []
    assert {difference.path for difference in comparison.decided} == {"spec.serviceAccountName"}
    assert comparison.equal == 46


def test_the_versions_of_reviews_are_listed(bookinfo: ImportedApplication) -> None:
    [(name, versions)] = bookinfo.report.versions.items()
    assert name == "reviews"
    committed = (ROOT / "application/bookinfo.yaml").read_text()
    assert len(versions) == 2
    assert all(f"#   {version}\n" in committed for version in versions)
