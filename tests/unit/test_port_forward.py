"""How a port of a pod is reached by `kubectl port-forward`."""

import sys
import time
from pathlib import Path

import pytest

from boutique.kubernetes.port_forward import PortForwardError, forwarded

KUBECTL = """#!{python}
import pathlib, sys, time
here = pathlib.Path(__file__).parent
path = sys.argv[sys.argv.index("--kubeconfig") + 1]
(here / "seen").write_text(" ".join([path, oct(pathlib.Path(path).stat().st_mode), pathlib.Path(path).read_text()]))
(here / "arguments").write_text(" ".join(sys.argv[1:]))
{then}
"""


def install(monkeypatch: pytest.MonkeyPatch, folder: Path, then: str) -> None:
    program = folder / "kubectl"
    program.write_text(KUBECTL.format(python=sys.executable, then=then))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))


def test_an_address_leads_to_the_port_and_no_credentials_stay_in_a_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    install(monkeypatch, tmp_path, "print('Forwarding from 127.0.0.1:4711 -> 15000', flush=True); time.sleep(60)")
    with forwarded("secret", "shop", "pod/front-1", 15000, time.monotonic() + 60) as address:
        assert address == "127.0.0.1:4711"
        path, mode, content = (tmp_path / "seen").read_text().split()
        assert (mode, content, Path(path).exists()) == ("0o100600", "secret", False)
    arguments = (tmp_path / "arguments").read_text()
    assert "--namespace shop port-forward --address=127.0.0.1 pod/front-1 :15000" in arguments
    assert "secret" not in arguments


def test_the_reason_of_kubectl_is_passed_on(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    install(monkeypatch, tmp_path, "sys.exit('error: pods \"front-1\" not found')")
    with (
        pytest.raises(PortForwardError, match=r"cannot reach the pod: error: pods \"front-1\" not found"),
        forwarded("{}", "shop", "pod/front-1", 80, time.monotonic() + 60),
    ):
        pass
    assert not Path((tmp_path / "seen").read_text().split()[0]).exists()


def test_a_missing_kubectl_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with (
        pytest.raises(PortForwardError, match="'kubectl' is missing"),
        forwarded("{}", "shop", "pod/front-1", 80, time.monotonic() + 60),
    ):
        pass


def test_a_kubectl_that_does_not_reach_the_pod_is_ended(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    install(monkeypatch, tmp_path, "time.sleep(60)")
    with (
        pytest.raises(PortForwardError, match="did not reach the pod in time"),
        forwarded("{}", "shop", "pod/front-1", 80, time.monotonic()),
    ):
        pass
