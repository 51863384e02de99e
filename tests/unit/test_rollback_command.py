"""`boutique rollback`: what comes back, what stays, and what is refused."""

import json
import re
from pathlib import Path

import pytest

from ops.pulumi.deployed_stack import StackError
from ops.pulumi.engine import EngineError
from ops.smoke import smoke_run
from tests.support.unit.release_fakes import RELEASES_ONLY, Project, Run, refusal_message


def test_rollback_after_a_failure_goes_to_the_last_good_one(project: Project, run: Run) -> None:
    test = project.stack("test")
    project.up("test", "v0.10.5", "v0.10.6")
    text = test.read_text()
    project.broken = True
    with pytest.raises(EngineError):
        project.up("test", "v0.10.7")
    project.broken = False
    run("rollback", "test", "--yes", "--no-smoke")
    assert test.read_text() == text
    assert project.versions("test")["frontend"] == "v0.10.6"
    assert project.history["test"][-1]["message"].startswith("rollback to 2 (v0.10.6): the same versions (by ")


def test_rollback_brings_versions_and_settings_back_and_leaves_the_rest(project: Project, run: Run) -> None:
    test = project.stack("test")
    project.up("test", "v0.10.6")
    text = test.read_text()
    section = "environment:\n    replicas: 2\n    features: {}\n    services:\n      adservice: {variables: {A: b}}\n"
    test.write_text(text.replace("environment:\n    services:\n", section))
    project.up("test", "v0.10.7")
    done = run("rollback", "test", "--yes", "--no-smoke")
    assert "+++ Pulumi.test.yaml as of update 1" in done.output
    assert "-    replicas: 2" in done.output
    assert test.read_text() == text.replace("environment:\n", "environment:\n    features: {}\n")
    assert project.versions("test")["frontend"] == "v0.10.6"


def test_rollback_lists_what_there_was(project: Project, run: Run) -> None:
    project.stack("test")
    project.up("test", *(f"v0.10.{number}" for number in range(1, 13)))
    listed = json.loads(run("rollback", "test", "--list", "--json").output)
    assert [entry["update"] for entry in listed] == list(range(12, 0, -1))
    assert [entry["update"] for entry in listed if entry["current"]] == [12]
    assert listed[0]["versions"]["frontend"] == "v0.10.12"
    lines = run("rollback", "test", "--list").output.splitlines()
    assert lines[1].split()[:2] == ["*", "12"]
    assert lines[1].endswith("10 services v0.10.11 -> v0.10.12")
    run("rollback", "test", "--to", "2", "--yes", "--no-smoke")
    assert project.versions("test")["frontend"] == "v0.10.2"


def test_rollback_refuses_what_fits_no_more(project: Project, run: Run) -> None:
    test = project.stack("test")
    project.up("test", "v0.10.6", "v0.10.7", "0.10.8-rc.1", "v0.10.9")
    history = project.history["test"]
    history[0]["config"]["boutique:release"]["services"] = {"oldservice": "v1.0.0"}
    history[1]["config"]["boutique:environment"]["gone"] = True
    project.outputs["test"]["channel"] = RELEASES_ONLY
    before = test.read_text()
    for number, message in (
        (1, 'boutique:release.services.oldservice: "oldservice": there is no such service'),
        (2, "boutique:environment.gone: there is no such key"),
        (3, "is a pre-release, and the channel accepts releases only"),
    ):
        text = refusal_message(run("rollback", "test", "--to", str(number), "--yes", code=1))
        assert text.startswith(f"update {number} of 'test' cannot come back: ")
        assert message in text
    assert test.read_text() == before
    assert len(project.history["test"]) == 4


@pytest.fixture
def project_with_secret(project: Project) -> Path:
    """An environment whose service refers to a secret, of which the content was changed since."""
    file = project.stack("test")
    named = "services:\n      adservice: {secrets: {TOKEN: token}}\n"
    file.write_text(file.read_text().replace("services:\n", named))
    secrets = (
        "  boutique:serviceSecrets:\n    token: {secure: 'enc:canary-1'}\n    other: {secure: 'enc:x'}\nencryption"
    )
    file.write_text(file.read_text().replace("encryption", secrets))
    project.up("test", "v0.10.6")
    file.write_text(file.read_text().replace("canary-1", "canary-2").replace("enc:x", "enc:y"))
    project.up("test", "v0.10.7")
    return file


def test_rollback_brings_the_content_of_secrets_back_unseen(
    project: Project, run: Run, project_with_secret: Path
) -> None:
    done = run("rollback", "test", "--yes", "--no-smoke")
    assert "secret token: its former content comes back" in done.output
    # The fake encrypts by a prefix only.
    assert "canary-1" not in done.output.replace("enc:canary-1", "")
    text = project_with_secret.read_text()
    assert "enc:canary-1" in text
    assert "enc:y" in text, "what no service names stays"
    assert not [line for line in project.asked if "canary" in line], "never on a command line"


def test_secrets_that_cannot_be_decrypted_stay_if_asked_to(
    project: Project, run: Run, project_with_secret: Path
) -> None:
    project.undecryptable = True
    before = project_with_secret.read_text()
    message = refusal_message(run("rollback", "test", "--yes", code=1))
    assert "update 1 of 'test': its secrets cannot be decrypted any more" in message
    assert "with --keep-secrets everything else goes back" in message
    assert project_with_secret.read_text() == before
    run("rollback", "test", "--yes", "--no-smoke", "--keep-secrets")
    assert project_with_secret.read_text() == before.replace("v0.10.7", "v0.10.6")


def test_rollback_reads_every_page_of_the_history(project: Project, run: Run) -> None:
    project.stack("test")
    project.up("test", "v0.10.1", "v0.10.2")
    first, second = project.history["test"]
    project.history["test"] = [first, *[second] * 120]
    assert [entry["updates"][0] for entry in json.loads(run("rollback", "test", "--list", "--json").output)] == [2, 1]
    run("rollback", "test", "--yes", "--no-smoke")
    assert project.versions("test")["frontend"] == "v0.10.1"


def test_an_edit_that_was_not_deployed_is_no_release(project: Project, run: Run) -> None:
    file = project.stack("test")
    project.up("test", "v0.10.1", "v0.10.2")
    run("release", "set", "test", "--default", "v0.10.3")
    run("rollback", "test", "--yes", "--no-smoke")
    assert project.versions("test")["adservice"] == "v0.10.1"
    assert "default: v0.10.1" in file.read_text()


def test_a_killed_update_goes_first(project: Project, run: Run) -> None:
    project.stack("test")
    project.up("test", "v0.10.1", "v0.10.2")
    run("release", "set", "test", "--default", "v0.10.3")
    project.killed = True
    listed = json.loads(run("rollback", "test", "--list", "--json").output)
    assert [entry["current"] for entry in listed] == [False, False]
    run("rollback", "test", "--yes", "--no-smoke")
    assert project.versions("test")["adservice"] == "v0.10.2"


def test_releases_that_differ_in_a_secret_only_are_listed(
    project: Project, run: Run, project_with_secret: Path
) -> None:
    before = len(json.loads(run("rollback", "test", "--list", "--json").output))
    project_with_secret.write_text(re.sub(r"enc:\w+", "enc:another", project_with_secret.read_text()))
    project.again("test")
    done = run("rollback", "test", "--list", "--json")
    assert len(json.loads(done.output)) == before + 1
    assert "another" not in done.output


def test_an_authority_that_is_none_is_refused_before_anything_is_changed(project: Project, run: Run) -> None:
    project.stack("test")
    project.up("test", "v0.10.1", "v0.10.2")
    before = project.versions("test")
    (project.folder / "ca.pem").write_text("no certificate")
    message = refusal_message(run("rollback", "test", "--yes", "--cacert", "ca.pem", code=1))
    assert "ca.pem: holds no certificate" in message
    assert project.versions("test") == before


def test_a_smoke_test_that_comes_to_no_end_is_not_green(
    project: Project, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def raise_error(*_: object) -> None:
        raise StackError("pulumi did not tell in time")

    project.stack("test")
    project.up("test", "v0.10.1", "v0.10.2")
    monkeypatch.setattr(smoke_run, "run", raise_error)
    done = run("rollback", "test", "--yes", "--json", code=3)
    document = json.loads(done.stdout)
    assert document["deployed"]
    assert document["smoke"] == {"ok": False, "mistakes": ["pulumi did not tell in time"]}
    assert "boutique rollback test" in done.stderr
