"""The workflows for users of this repository: linted, pinned, and with no more rights than they need."""

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import yaml

from lab.toolchain.build import ensure
from lab.toolchain.go_mod import required_version
from lab.toolchain.recipe import Family, GoProgram, Tool

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / ".github/workflows"
WORKFLOWS = sorted(path.name for path in FOLDER.glob("*.yml"))
ACTIONS = sorted(str(path.relative_to(ROOT)) for path in (ROOT / ".github/actions").rglob("action.yml"))
OWN_BRANCH = "github.event.pull_request.head.repo.full_name == github.repository"
HOSTED = "ubuntu-24.04"
CHOSEN = "${{ vars.RUNNER || 'ubuntu-24.04' }}"
ACTIONLINT = "github.com/rhysd/actionlint"
SETUP = "./.github/actions/setup"

UPDATES = (("deploy-stack.yml", "deploy"), ("feature.yml", "up"), ("feature.yml", "down"))

Job = Mapping[str, Any]


def load(name: str) -> dict[str, Any]:
    loaded: dict[Any, Any] = yaml.safe_load((FOLDER / name).read_text())
    # YAML 1.1 takes the key `on` for true.
    return {"on": loaded.pop(True), **loaded}


def jobs() -> Iterator[tuple[str, str, Job]]:
    for name in WORKFLOWS:
        for job, content in load(name)["jobs"].items():
            yield name, job, content


def steps() -> Iterator[tuple[str, Job]]:
    for name, _, content in jobs():
        yield from ((name, step) for step in content.get("steps", []))
    for name in ACTIONS:
        yield from ((name, step) for step in yaml.safe_load((ROOT / name).read_text())["runs"]["steps"])


def program_path(name: str) -> str:
    """Return a program of a package in this environment."""
    return str(Path(sys.executable).with_name(name))


def actionlint() -> Path:
    """Return the linter, which is built once and kept with the lab's tools: only that needs Go."""
    module = ROOT / "ci/lint"
    tool = Tool("actionlint", required_version(module, ACTIONLINT), GoProgram(f"{ACTIONLINT}/cmd/actionlint"))
    return ensure(Mock(), choice=[Family(module, (tool,))], origin="source").path("actionlint")


def test_actionlint_finds_nothing() -> None:
    # Python in a workflow would be a script in `ci/`.
    command = [actionlint(), "-no-color", f"-shellcheck={program_path('shellcheck')}", "-pyflakes="]
    files = [str(FOLDER / name) for name in WORKFLOWS]
    done = subprocess.run([*command, *files], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr


def test_zizmor_finds_nothing() -> None:
    command = [program_path("zizmor"), "--offline", "--no-progress", "--strict-collection"]
    done = subprocess.run([*command, ".github"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "No findings to report" in done.stdout


def test_shellcheck_finds_nothing_in_the_scripts_of_actions() -> None:
    # actionlint reads those of workflows only.
    for name in ACTIONS:
        for step in yaml.safe_load((ROOT / name).read_text())["runs"]["steps"]:
            if "run" in step:
                command = [program_path("shellcheck"), f"--shell={step['shell']}", "-"]
                done = subprocess.run(command, input=step["run"], capture_output=True, text=True, check=False)
                assert (done.returncode, done.stdout) == (0, ""), (name, done.stdout + done.stderr)


def test_every_action_of_others_is_pinned_by_digest_and_says_its_version() -> None:
    text = "\n".join((ROOT / path).read_text() for path in (*(FOLDER / name for name in WORKFLOWS), *ACTIONS))
    used = re.findall(r"uses: (\S+)(.*)", text)
    assert used
    for action, comment in used:
        if not action.startswith("./"):
            assert re.fullmatch(r"[\w.-]+/[\w.-]+@[0-9a-f]{40}", action), action
            assert re.fullmatch(r" # v\d+\.\d+\.\d+", comment), action
    # One version of each.
    pins = {tuple(action.split("@")) for action, _ in used if "@" in action}
    assert len(pins) == len({name for name, _ in pins})


def test_nobody_has_rights_that_their_job_does_not_name() -> None:
    for name in WORKFLOWS:
        assert load(name)["permissions"] == {}, name
    allowed = {"contents": "read", "id-token": "write", "pull-requests": "write"}
    for name, job, content in jobs():
        assert content["permissions"].items() <= allowed.items(), (name, job)


def test_who_may_write_comments_has_no_cloud_and_runs_nothing_of_the_pull_request() -> None:
    # What calls another workflow passes on what the jobs of that one share among them.
    writing = [job for job in jobs() if "pull-requests" in job[2]["permissions"] and "uses" not in job[2]]
    assert len(writing) == 3
    for name, job, content in writing:
        assert "id-token" not in content["permissions"], (name, job)
        checkout, *others = [step for step in content["steps"] if "uses" in step]
        assert checkout["uses"].startswith("actions/checkout@"), (name, job)
        assert checkout["with"]["ref"] == "${{ github.event.pull_request.base.sha }}", (name, job)
        assert {step["uses"].split("@")[0] for step in others} <= {"actions/download-artifact"}, (name, job)


def test_forks_get_no_credentials_of_a_cloud() -> None:
    asking = [job for job in jobs() if "id-token" in job[2]["permissions"]]
    assert len(asking) >= 5
    for name, job, content in asking:
        triggers = load(name)["on"]
        assert "pull_request_target" not in triggers
        if {"pull_request", "workflow_call"} & set(triggers) and name != "deploy-stack.yml":
            assert OWN_BRANCH in content["if"], (name, job)


def test_no_checkout_leaves_its_token_behind() -> None:
    checkouts = [(name, step) for name, step in steps() if step.get("uses", "").startswith("actions/checkout@")]
    assert checkouts
    for name, step in checkouts:
        assert step["with"]["persist-credentials"] is False, name


def test_no_script_has_an_expression_in_it() -> None:
    scripts = [(name, step["run"]) for name, step in steps() if "run" in step]
    assert scripts
    for name, script in scripts:
        assert "${{" not in script, name


def test_who_asks_a_cluster_runs_where_its_api_server_can_be_reached_and_nobody_else_does() -> None:
    asking = [(name, job) for name, job, content in jobs() if "id-token" in content["permissions"]]
    for name, job, content in jobs():
        if "runs-on" in content:
            assert content["runs-on"] == (CHOSEN if (name, job) in asking else HOSTED), (name, job)
    assert {name for name, _ in asking} >= {"preview-stack.yml", "feature.yml", "nightly.yml", "deploy-stack.yml"}
    # Pulumi runs in no other job: these are the ones that may take a role of AWS.
    for name, job, content in jobs():
        if any(step.get("uses") == SETUP and "with" in step for step in content.get("steps", [])):
            assert (name, job) in asking, (name, job)


def test_what_runs_for_forks_never_runs_on_a_runner_of_ones_own() -> None:
    checks = load("check.yml")
    assert "pull_request" in checks["on"]
    assert {content["runs-on"] for content in checks["jobs"].values()} == {HOSTED}
    assert "vars." not in (FOLDER / "check.yml").read_text()


def test_no_update_is_cancelled() -> None:
    kept = [load(name)["concurrency"] for name in ("deploy.yml", "nightly.yml")]
    kept += [load(name)["jobs"][job]["concurrency"] for name, job in UPDATES]
    assert [concurrency["cancel-in-progress"] for concurrency in kept] == [False] * len(kept)


def test_what_concerns_no_feature_takes_no_place_in_the_queue_of_one() -> None:
    # Only one run waits in a group: the next that comes takes its place, whether any of its jobs has something to do.
    feature = load("feature.yml")
    assert "concurrency" not in feature
    groups = {job: content["concurrency"]["group"] for job, content in feature["jobs"].items()}
    assert groups["up"] == groups["down"] == "feature-${{ github.event.pull_request.number }}"
    # A comment that waited in the same group could take the place of a removal.
    assert groups["comment"] not in groups["up"]
    assert "github.event.pull_request.number" in groups["comment"]


def test_a_run_of_another_branch_takes_no_place_in_the_queue_of_main() -> None:
    assert load("deploy.yml")["concurrency"]["group"] == "deploy-${{ github.ref }}"
    # Before the queue of the stack, in which it would take the place of a run of main and be refused afterwards.
    assert "github.ref == 'refs/heads/main'" in load("deploy.yml")["jobs"]["nonprod"]["if"]


def test_a_feature_whose_update_gave_way_to_another_gets_no_comment_about_it() -> None:
    condition = load("feature.yml")["jobs"]["comment"]["if"]
    for job in ("up", "down"):
        assert f"needs.{job}.result == 'success' || needs.{job}.result == 'failure'" in condition


def test_stacks_are_deployed_one_after_the_other_in_environments_of_their_name() -> None:
    chain = load("deploy.yml")["jobs"]
    assert [(name, job.get("needs")) for name, job in chain.items()] == [
        ("nonprod", None),
        ("dev", "nonprod"),
        ("test", "dev"),
        ("prod-platform", "test"),
        ("prod", "prod-platform"),
    ]
    assert [job["with"]["stack"] for job in chain.values()] == list(chain)
    assert load("deploy-stack.yml")["jobs"]["deploy"]["environment"] == "${{ inputs.stack }}"
    for stack in chain:
        assert (ROOT / f"Pulumi.{stack}.yaml").is_file()


def test_the_version_of_pulumi_is_that_of_its_package() -> None:
    [pinned] = re.findall(r"^pulumi==(.+)$", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
    assert f"pulumi-version: {pinned}\n" in (ROOT / ACTIONS[0]).read_text()


def test_nothing_but_the_checks_runs_until_somebody_has_set_it_up() -> None:
    first = [
        (name, job)
        for name, job, content in jobs()
        if "needs" not in content and "workflow_call" not in load(name)["on"]
    ]
    assert len(first) == 11
    for name, job in first:
        if name != "check.yml":
            assert re.search(
                r"vars\.(STACKS|FEATURE_ENVIRONMENT|NIGHTLY_TESTS) != ''", load(name)["jobs"][job]["if"]
            ), (name, job)


def test_every_variable_that_workflows_read_is_one_that_the_documentation_sets() -> None:
    read = {name for workflow in WORKFLOWS for name in re.findall(r"vars\.(\w+)", (FOLDER / workflow).read_text())}
    assert "RUNNER" in read
    section = (ROOT / "docs/pull-requests.md").read_text().partition("## Set it up")[2]
    assert not {name for name in read if f"`{name}`" not in section}


def test_the_oldest_and_the_newest_python_are_the_ones_that_are_promised() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    promised = [classifier.rpartition(" ")[2] for classifier in project["classifiers"]]
    oldest, newest = promised[0], promised[-1]
    assert project["requires-python"] == f">={oldest}"
    assert load("check.yml")["jobs"]["python"]["strategy"]["matrix"]["python"] == [oldest, newest]
    others = {
        step["with"]["python-version"]
        for _, step in steps()
        if step.get("uses", "").startswith("actions/setup-python@")
    } - {"${{ matrix.python }}"}
    assert others <= set(promised)
    assert f"sys.version_info < ({oldest.replace('.', ', ')})" in (ROOT / "Makefile").read_text()
    assert f"Python {oldest} or later (tested up to {newest})" in " ".join((ROOT / "README.md").read_text().split())
    tools = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]
    assert tools["mypy"]["python_version"] == oldest
    assert tools["ruff"]["target-version"] == f"py{oldest.replace('.', '')}"


def test_who_runs_tests_has_what_they_need() -> None:
    for name, job, content in jobs():
        scripts = "\n".join(step.get("run", "") for step in content.get("steps", []))
        assert "venv/bin/pytest" not in scripts or "make venv/.ready-dev" in scripts, (name, job)
