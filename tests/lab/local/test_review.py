"""`boutique review` of the committed stack with one line changed: a real preview, and nothing else."""

import re
import subprocess

import pytest

from tests.support.lab.lab_commands import BOUTIQUE, Lab
from tests.support.lab.lab_stacks import ROOT, committed_sections, project
from tests.support.lab.local_stack import LocalDeployment

pytestmark = pytest.mark.lab

IMAGE = "us-central1-docker.pkg.dev/online-boutique-ci/microservices-demo/adservice"


@pytest.fixture(scope="module")
def comment(lab: Lab, local: LocalDeployment, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The comment on a new version of one service."""
    sections = committed_sections("local")
    sections["environment"]["services"] = {"adservice": {"image": {"tag": "v0.10.7"}}}
    folder = tmp_path_factory.mktemp("review")
    stack = project(folder, lab.env)(local.stack.name)
    stack.configure(**sections)
    done = subprocess.run(
        [*BOUTIQUE, "review", "comment", stack.name],
        cwd=folder,
        env=lab.env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def cells(text: str, title: str) -> list[tuple[str, ...]]:
    """Return the rows of the table whose first column has a title."""
    table = text.partition(f"\n| {title} |")[2].partition("\n\n")[0].splitlines()[2:]
    return [tuple(cell.strip(" `") for cell in line.strip("|").split("|")) for line in table]


def test_a_new_version_of_one_service_is_exactly_that_change(comment: str) -> None:
    assert re.search(r"^### `local`: 1 to update, \d+ unchanged$", comment, re.MULTILINE)
    assert cells(comment, "part") == [("adservice", "1 to update", "image `v0.10.6` → `v0.10.7")]
    label = 'labels["app.kubernetes.io/version"]'
    assert cells(comment, "object") == [
        ("Deployment `adservice", f"metadata.{label}", "v0.10.6", "v0.10.7"),
        ("Deployment `adservice", f"spec.template.metadata.{label}", "v0.10.6", "v0.10.7"),
        (
            "Deployment `adservice",
            "spec.template.spec.containers[server].image",
            f"{IMAGE}:v0.10.6",
            f"{IMAGE}:v0.10.7",
        ),
    ]
    assert "[!" not in comment


def test_only_the_route_to_that_service_is_concerned(comment: str) -> None:
    # Of the two tables that begin like this, the first is the one.
    assert cells(comment, "request") == [
        ("adservice:9555", "adservice:9555", "pods of `adservice`, called by `frontend")
    ]


def test_the_route_table_is_the_one_that_the_stack_says_is_in_force(comment: str, local: LocalDeployment) -> None:
    table = cells(comment.partition("Route table after the update")[2], "request")
    assert {request: f"{goal} ({owner})" for request, goal, owner in table} == local.stack.outputs()["routes"]


def test_a_new_version_costs_what_the_old_one_did(comment: str, lab: Lab) -> None:
    cost = {title: (before, after, change) for title, before, after, change in cells(comment, "cost")}
    pods = len(lab.kubectl("get", "deployments", "-n", "local", "-o", "name").split())
    assert cost["pods"] == (str(pods), str(pods), "")
    assert cost["CPU requests, cores"] == ("1.57", "1.57", "")
    assert cost["memory requests, MiB"] == ("1368", "1368", "")
    assert cost["objects"][0] == cost["objects"][1] != "0"


def test_the_example_in_the_documentation_is_such_a_comment(comment: str, lab: Lab) -> None:
    def without_counts(text: str) -> str:
        """Return a comment without how many objects there are: what they are is other tests' business."""
        return re.sub(r"(?<=, )\d+(?= unchanged)|(?<=\| objects \| )\d+ \| \d+", "…", text).strip()

    page = (ROOT / "docs/pull-requests.md").read_text()
    example = f"<!--{page.partition('<!--')[2].partition('<!-- the end of the example -->')[0]}"
    assert without_counts(example) == without_counts(comment.replace(lab.env["BOUTIQUE_LAB_HTTPS_PORT"], "8443"))


def test_a_preview_changes_nothing(comment: str, lab: Lab, local: LocalDeployment) -> None:
    assert comment
    running = lab.kubectl("get", "deployment", "adservice", "-n", "local", "-o", "jsonpath={..image}")
    assert running.endswith(":v0.10.6")
    assert local.stack.outputs()["services"]["adservice"]["version"] == "v0.10.6"
