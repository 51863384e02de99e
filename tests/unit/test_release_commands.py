"""`boutique release` and `promote`: what they change, what they refuse, and what they leave behind."""

import getpass
import json
import socket
from collections.abc import Iterable

import pytest

from ops.pulumi.engine import EngineError
from tests.support.online_boutique import WORKLOADS
from tests.support.unit.release_fakes import RELEASES_ONLY, Project, Run, holder, refusal_message


def test_show_marks_what_was_not_deployed(project: Project, run: Run) -> None:
    project.stack("dev")
    project.up("dev", "v0.10.6")
    run("release", "set", "dev", "--service", "adservice=v0.10.7")
    lines = run("release", "show", "dev").output.splitlines()
    assert [line.split() for line in lines if "differs" in line] == [["adservice", "v0.10.7", "v0.10.6", "differs"]]
    services = json.loads(run("release", "show", "dev", "--json").output)["services"]
    assert services["adservice"] == {"file": "v0.10.7", "deployed": "v0.10.6", "differs": True}
    assert services["frontend"] == {"file": "v0.10.6", "deployed": "v0.10.6", "differs": False}
    assert "loadgenerator" not in services


def test_set_changes_its_lines_of_the_file_and_nothing_else(project: Project, run: Run) -> None:
    file = project.stack("dev")
    before = file.read_text()
    digest = f"sha256:{'a' * 64}"
    run("release", "set", "dev", "--service", "adservice=v0.10.7", "-s", f"cartservice=v0.10.7@{digest}")
    added = f"    services:\n      adservice: v0.10.7\n      cartservice: v0.10.7@{digest}\n"
    assert file.read_text() == before.replace("# of all\n", f"# of all\n{added}")
    run("release", "set", "dev", "--unset", "adservice", "--unset", "cartservice", "--default", "v0.10.8")
    assert file.read_text() == before.replace("v0.10.6", "v0.10.8")
    assert not any(line.startswith("up") for line in project.asked), "it deploys nothing"


def test_an_environment_with_all_defaults_is_one(project: Project, run: Run) -> None:
    dev, test = project.plain_stack("dev"), project.plain_stack("test")
    before = dev.read_text()
    run("release", "set", "dev", "--default", "v0.10.7")
    assert dev.read_text() == before.replace("v0.10.6", "v0.10.7")
    project.up("dev", "v0.10.7")
    project.up("test", "v0.10.6")
    run("promote", "dev", "test", "--yes", "--no-smoke")
    assert project.versions("test")["loadgenerator"] == "v0.10.7"
    assert "boutique:environment: {}" in test.read_text()
    assert [entry["update"] for entry in json.loads(run("rollback", "test", "--list", "--json").output)] == [2, 1]
    run("rollback", "test", "--yes", "--no-smoke")
    assert project.versions("test")["loadgenerator"] == "v0.10.6"
    assert "boutique:environment: {}" in test.read_text()


def test_a_channel_with_all_defaults_is_one(project: Project, run: Run) -> None:
    project.stack("test", channel={})
    project.up("test", "v0.10.6")
    message = refusal_message(run("release", "set", "test", "--service", "adservice=0.10.7-new-ads.1", code=1))
    assert "is a pre-release, and the channel accepts releases only" in message


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--service", "adservise=v1.0.0"), "there is no such service; did you mean 'adservice'?"),
        (("--service", "adservice=1.0.0+b"), "cannot hold '\\+'"),
        (("--service", "loadgenerator=v1.0.0"), "boutique:release.services.loadgenerator: does not run here"),
        (("--service", "adservice=0.10.7-new-ads.1"), "refuses it for adservice: is a pre-release"),
        (("--default", "latest"), "'latest' is no SemVer version"),
        (("--unset", "adservice"), "--unset adservice: Pulumi.test.yaml has no boutique:release.services.adservice"),
    ],
)
def test_set_refuses_and_leaves_the_file(project: Project, run: Run, arguments: tuple[str, ...], message: str) -> None:
    file = project.stack("test", channel=RELEASES_ONLY)
    project.up("test", "v0.10.6")
    before = file.read_text()
    with pytest.raises(Exception, match=message):
        raise run("release", "set", "test", *arguments, code=1).exception or AssertionError
    assert file.read_text() == before


def test_set_leaves_to_others_what_was_wrong_before(project: Project, run: Run) -> None:
    file = project.stack("dev")
    file.write_text(file.read_text().replace("  # The versions.", "  boutique:registryCredentials: {secure: x}\n  #"))
    run("release", "set", "dev", "--default", "v0.10.7")
    assert "default: v0.10.7" in file.read_text()


def test_set_wants_something_to_set(project: Project, run: Run) -> None:
    project.stack("dev")
    assert "give --default" in run("release", "set", "dev", code=2).output
    assert "is not NAME=VERSION" in run("release", "set", "dev", "-s", "adservice", code=2).output


def test_promote_brings_over_what_the_other_has_deployed(project: Project, run: Run) -> None:
    project.stack("dev", "v0.10.7")
    test = project.stack("test")
    project.up("dev", "v0.10.7")
    run("release", "set", "dev", "--service", "adservice=v0.10.8")
    project.up("test", "v0.10.6")
    text = test.read_text()
    done = run("promote", "dev", "test", "--yes", "--no-smoke")
    assert test.read_text() == text.replace("v0.10.6", "v0.10.7"), "what dev's file says was not deployed"
    assert set(project.versions("test").values()) == {"v0.10.7", "8.8.1-alpine"}
    assert "promote dev -> test: adservice, cartservice" in done.output
    assert project.history["test"][-1]["message"].startswith("promote dev -> test: adservice, cartservice, ")
    assert project.history["test"][-1]["message"].endswith(
        f" v0.10.6 -> v0.10.7 (by {getpass.getuser()}@{socket.gethostname()})"
    )
    assert "there is nothing to do" in run("promote", "dev", "test").output
    assert len(project.history["test"]) == 2


def test_promote_looks_only_when_asked_to(project: Project, run: Run) -> None:
    project.stack("dev", "v0.10.7")
    before = project.stack("test").read_text()
    project.up("dev", "v0.10.7")
    document = json.loads(run("promote", "dev", "test", "--preview", "--json").stdout)
    assert document["changes"][0] == {"service": "adservice", "old": None, "new": "v0.10.7"}
    assert document["preview"] == 'previewed {"default": "v0.10.7"}'
    assert project.file("test").read_text() == before
    assert project.history["test"] == []


def test_promote_leaves_out_what_does_not_run_there(project: Project, run: Run) -> None:
    dev = project.stack("dev", "v0.10.7")
    dev.write_text(dev.read_text().replace("enabled: false", "enabled: true"))
    project.stack("test")
    project.up("dev", "v0.10.7")
    done = run("promote", "dev", "test", "--yes", "--no-smoke")
    assert "left out, since test does not run it: loadgenerator" in done.output
    assert "loadgenerator" not in project.versions("test")
    back = run("promote", "test", "dev")
    assert "as it is, since test does not run it: loadgenerator" in back.output
    assert "nothing to do" in back.output


def test_promote_says_what_goes_along(project: Project, run: Run) -> None:
    project.stack("dev", "v0.10.7")
    test = project.stack("test")
    project.up("dev", "v0.10.7")
    project.up("test", "v0.10.6")
    assert "go along" not in run("promote", "dev", "test", "--preview").output
    test.write_text(test.read_text().replace("environment:\n", "environment:\n    replicas: 2\n"))
    assert (
        "Pulumi.test.yaml has settings that were not deployed yet" in run("promote", "dev", "test", "--preview").output
    )


def test_promote_refuses_what_the_channel_does_not_let_in(project: Project, run: Run) -> None:
    project.stack("dev", "v0.10.7")
    test = project.stack("test", channel=RELEASES_ONLY)
    project.up("test", "v0.10.6")
    run("release", "set", "dev", "-s", "adservice=0.10.8-new-ads.1", "-s", "cartservice=0.10.8-x.1")
    project.up("dev", "v0.10.7")
    before = test.read_text()
    message = refusal_message(run("promote", "dev", "test", "--yes", code=1))
    assert "boutique:release.services.adservice: '0.10.8-new-ads.1': target 'test' refuses it for adservice" in message
    assert "boutique:release.services.cartservice: '0.10.8-x.1': target 'test'" in message
    assert "nothing was changed" in message
    assert test.read_text() == before
    assert len(project.history["test"]) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("dev", "dev"), "cannot be promoted to itself"),
        (("dev", "test"), "stack 'dev' has deployed no environment, so there is nothing to promote"),
        (("nope", "test"), "there is no stack 'nope'"),
        (("dev", "nope"), "there is no file"),
    ],
)
def test_promote_refuses_what_makes_no_sense(
    project: Project, run: Run, arguments: tuple[str, ...], message: str
) -> None:
    project.stack("dev")
    project.stack("test")
    assert message in refusal_message(run("promote", *arguments, "--yes", code=1))


def test_nobody_to_ask_is_a_refusal(project: Project, run: Run) -> None:
    project.stack("dev", "v0.10.7")
    before = project.stack("test").read_text()
    project.up("dev", "v0.10.7")
    assert "cannot ask for confirmation" in refusal_message(run("promote", "dev", "test", code=1))
    assert project.file("test").read_text() == before


def test_a_lock_of_somebody_else_puts_the_file_back(project: Project, run: Run) -> None:
    project.stack("dev", "v0.10.7")
    before = project.stack("test").read_text()
    project.up("dev", "v0.10.7")
    project.holder = holder("elsewhere", 77)
    message = refusal_message(run("promote", "dev", "test", "--yes", code=1))
    assert message.startswith("nothing was changed: stack 'test' is being updated by process 77 of ann on elsewhere")
    assert project.file("test").read_text() == before
    assert project.holder


def test_a_lock_of_the_dead_is_removed(project: Project, run: Run) -> None:
    project.stack("dev", "v0.10.7")
    project.stack("test")
    project.up("dev", "v0.10.7")
    project.holder = holder(socket.gethostname(), 2**22 + 1)
    run("promote", "dev", "test", "--yes", "--no-smoke")
    assert project.versions("test")["frontend"] == "v0.10.7"


def test_a_failed_update_says_what_next_and_the_same_command_finishes_it(project: Project, run: Run) -> None:
    project.stack("dev", "v0.10.7")
    test = project.stack("test")
    project.up("dev", "v0.10.7")
    project.up("test", "v0.10.6")
    project.broken = True
    message = refusal_message(run("promote", "dev", "test", "--yes", code=1))
    assert "a Deployment" in message
    assert "timed out" in message
    assert "`boutique rollback test` goes back" in message
    assert "default: v0.10.7" in test.read_text()
    project.broken = False
    run("promote", "dev", "test", "--yes", "--no-smoke")
    assert project.versions("test")["frontend"] == "v0.10.7"


TAGS = ("v0.10.6", "v0.10.10", "v0.10.9", "0.10.11-new-ads.1", "v0.11.0-rc.1", "latest", "v1", "1.2.3-")


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> dict[str, tuple[str, ...]]:
    """Tags by the name of the service."""
    tags = {workload.name: TAGS for workload in WORKLOADS}

    def tags_of(repositories: Iterable[str]) -> dict[str, tuple[str, ...]]:
        return {repository: tags[repository.rpartition("/")[2]] for repository in repositories}

    monkeypatch.setattr("ops.releases.feed.tags_of", tags_of)
    monkeypatch.setattr("ops.releases.feed.digest", lambda *_: f"sha256:{'a' * 64}")
    return tags


@pytest.mark.parametrize(
    ("channel", "taken"),
    [(None, "v0.10.10"), (RELEASES_ONLY, "v0.10.10"), ({"prereleases": r"^(|rc\.[0-9]+)$"}, "v0.11.0-rc.1")],
)
def test_check_takes_the_newest_that_the_channel_lets_in(
    project: Project, run: Run, registry: object, channel: dict[str, str] | None, taken: str
) -> None:
    file = project.stack("test", channel=channel)
    project.up("test", "v0.10.6")
    before = file.read_text()
    services = json.loads(run("release", "check", "test", "--json").stdout)["services"]
    assert set(services) == {
        workload.name for workload in WORKLOADS if not workload.own_image and not workload.optional
    }
    pin = f"{taken}@sha256:{'a' * 64}"
    assert services["adservice"] == {"now": "v0.10.6", "newest": pin, "newer": True, "skipped": 3}
    assert file.read_text() == before, "it only looks"
    run("release", "check", "test", "--set")
    shown = json.loads(run("release", "show", "test", "--json").stdout)["services"]
    assert shown["adservice"]["file"] == shown["frontend"]["file"] == pin
    assert "redis-cart" not in file.read_text()
    again = run("release", "check", "test", "--set")
    assert "there is nothing newer" in again.output
    assert registry


def test_check_goes_back_to_nothing_older(project: Project, run: Run, registry: dict[str, tuple[str, ...]]) -> None:
    file = project.stack("test", "v0.12.0")
    registry["adservice"] = ("main", "0.13.0-branch.1")
    before = file.read_text()
    output = run("release", "check", "test", "--set").output
    assert "the stack file has a newer version" in output
    assert "no version that the channel lets in" in output
    assert file.read_text() == before


def test_promote_finishes_what_failed_though_the_versions_are_there(project: Project, run: Run) -> None:
    project.stack("dev", "v0.10.7")
    project.stack("test", "v0.10.7")
    project.up("dev", "v0.10.7")
    project.up("test", "v0.10.7")
    project.broken = True
    with pytest.raises(EngineError):
        project.up("test", "v0.10.7")
    project.broken = False
    run("promote", "dev", "test", "--yes", "--no-smoke")
    assert project.history["test"][-1]["result"] == "succeeded"
    assert project.history["test"][-1]["message"].startswith("promote dev -> test: finish the update")
