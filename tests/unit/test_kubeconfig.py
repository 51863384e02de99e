"""Finding a context, and saying what there is when it is not there."""

import base64
import json
from pathlib import Path

import pytest

from boutique.kubernetes.kubeconfig import ApiServer, KubeconfigError, files, find, for_token, reached_by


def write(path: Path, *contexts: str, cluster: dict[str, str] | None = None) -> Path:
    path.write_text(
        json.dumps(
            {
                "clusters": [{"name": "c", "cluster": cluster or {"server": f"https://{path.name}"}}],
                "contexts": [{"name": context, "context": {"cluster": "c", "user": "u"}} for context in contexts],
            }
        )
    )
    return path


def test_the_configured_file_comes_before_the_environment_and_that_before_home() -> None:
    home = Path.home() / ".kube/config"
    assert files("~/other", {"KUBECONFIG": "/a"}) == (Path.home() / "other",)
    assert files(None, {"KUBECONFIG": "/a::/b"}) == (Path("/a"), Path("/b"))
    assert files(None, {}) == files(None, {"KUBECONFIG": ""}) == (home,)


def test_a_context_is_found_in_the_first_file_that_has_it(tmp_path: Path) -> None:
    paths = [tmp_path / "missing", write(tmp_path / "one", "a"), write(tmp_path / "two", "a", "b")]
    assert find("a", paths).server == "https://one"


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(KubeconfigError, match=str(tmp_path / "missing")):
        find("a", [tmp_path / "missing"])


def test_a_missing_context_is_named_with_what_exists(tmp_path: Path) -> None:
    path = write(tmp_path / "one", "kind-boutique", "prod")
    with pytest.raises(KubeconfigError, match=r"no context 'staging' in .*one; there are: kind-boutique, prod"):
        find("staging", [path])
    with pytest.raises(KubeconfigError, match="did you mean 'kind-boutique'"):
        find("kind-butique", [path])


@pytest.mark.parametrize("content", ["[", "- a", "\x00", "42", ""])
def test_what_is_no_kubeconfig_is_named(tmp_path: Path, content: str) -> None:
    path = tmp_path / "broken"
    path.write_text(content)
    with pytest.raises(KubeconfigError, match="broken"):
        find("a", [path])


def test_what_is_not_of_the_chosen_context_does_not_matter(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    (tmp_path / "begun").write_text(
        json.dumps(
            {
                "clusters": [{"name": "x", "cluster": None}, {"name": "y"}],
                "contexts": [{"name": "x"}, {"name": "y", "context": {"cluster": "y"}}, {"name": "z", "context": None}],
            }
        )
    )
    paths = [tmp_path / "empty", tmp_path / "begun", write(tmp_path / "one", "a")]
    assert find("a", paths).server == "https://one"
    for context, message in (("x", "context 'x' names no cluster"), ("y", "cluster 'y' of context 'y' has no server")):
        with pytest.raises(KubeconfigError, match=message):
            find(context, paths)


def test_a_certificate_beside_the_file_is_taken_along(tmp_path: Path) -> None:
    (tmp_path / "ca.crt").write_text("certificate")
    path = write(tmp_path / "one", "a", cluster={"server": "https://x", "certificate-authority": "ca.crt"})
    api_server = find("a", [path])
    assert api_server.authority == "certificate"
    assert base64.b64decode(api_server.entry["certificate-authority-data"]) == b"certificate"


def test_a_deployers_kubeconfig_holds_its_token_and_its_namespace_only() -> None:
    api_server = ApiServer(server="https://x", entry={"server": "https://x"})
    content = for_token(api_server, namespace="dev", user="dev-deployer", token="t")  # noqa: S106 - a test's token
    kubeconfig = json.loads(content)
    assert kubeconfig["users"] == [{"name": "dev-deployer", "user": {"token": "t"}}]
    assert kubeconfig["contexts"][0]["context"]["namespace"] == "dev"
    assert reached_by(content) == api_server
