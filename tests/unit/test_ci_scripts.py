"""What the workflows run: comments that are renewed and not piled up, and the feature of a pull request."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from ci.sticky_comments import find_name
from ops.reviews.comment import ReviewedApplication, comment
from ops.reviews.plan import Plan

ROOT = Path(__file__).parents[2]
ROBOT, ANN = "github-actions[bot]", "ann"
GH = """#!{python}
import json, pathlib, sys
kept = pathlib.Path({file!r})
comments = json.loads(kept.read_text())
method = sys.argv[sys.argv.index("--method") + 1] if "--method" in sys.argv else "GET"
path = next(each for each in sys.argv if each.startswith("repos/"))
number = path.partition("?")[0].rpartition("/")[2]
body = json.load(sys.stdin)["body"] if "--input" in sys.argv else None
if path.startswith("repos/{{owner}}/{{repo}}/issues/13/"):
    sys.exit("gh: Not Found (HTTP 404)")
if method == "GET":
    assert "--paginate" in sys.argv and "--slurp" in sys.argv
    half = len(comments) // 2
    print(json.dumps([comments[:half], comments[half:]]))
elif method == "POST":
    assert path == "repos/{{owner}}/{{repo}}/issues/7/comments"
    comments.append({{"id": 1000 + len(comments), "user": {{"login": "github-actions[bot]"}}, "body": body}})
else:
    [comment] = [comment for comment in comments if comment["id"] == int(number)]
    comments.remove(comment)
    if method == "PATCH":
        comments.append({{**comment, "body": body}})
kept.write_text(json.dumps(comments))
"""


class GitHub:
    """A pull request with comments, behind a `gh` of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.kept = folder / "comments.json"
        self.put()
        command(folder / "bin/gh", GH.format(python=sys.executable, file=str(self.kept)))

    def put(self, *comments: tuple[str, str]) -> None:
        content = [
            {"id": number, "user": {"login": author}, "body": body} for number, (author, body) in enumerate(comments)
        ]
        self.kept.write_text(json.dumps(content))

    def put_file(self, body: str, number: str = "7") -> subprocess.CompletedProcess[str]:
        file = self.folder / "comment.md"
        file.write_text(body)
        return script(self.folder, "sticky_comments.py", "put", "boutique-review", number, str(file))

    def prune(self, *names: str) -> subprocess.CompletedProcess[str]:
        return script(self.folder, "sticky_comments.py", "prune", "boutique-review", "7", *names)

    @property
    def comments(self) -> list[tuple[str, str]]:
        return sorted((comment["user"]["login"], comment["body"]) for comment in json.loads(self.kept.read_text()))


def review(stack: str, text: str) -> str:
    return f"<!-- boutique-review {stack} -->\n{text}"


def command(path: Path, content: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(content)
    path.chmod(0o755)


def script(folder: Path, name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    path = f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        [sys.executable, str(ROOT / "ci" / name), *arguments],
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def github(tmp_path: Path) -> GitHub:
    return GitHub(tmp_path)


def test_there_is_one_comment_for_each_stack_however_often_it_is_renewed(github: GitHub) -> None:
    assert github.put_file(review("dev", "once")).stdout == "boutique-review dev: written\n"
    assert github.put_file(review("prod", "once")).stdout == "boutique-review prod: written\n"
    assert github.put_file(review("dev", "@comments.json twice")).stdout == "boutique-review dev: renewed\n"
    assert github.comments == [(ROBOT, review("dev", "@comments.json twice")), (ROBOT, review("prod", "once"))]


def test_the_marker_is_the_one_that_the_command_writes() -> None:
    assert find_name(comment(Plan(stack="dev-new-ads"), ReviewedApplication()), "boutique-review") == "dev-new-ads"


def test_comments_on_stacks_that_are_not_concerned_any_more_go(github: GitHub) -> None:
    link = (ROBOT, "<!-- boutique-feature link -->\nlink")
    github.put((ROBOT, review("dev", "x")), (ROBOT, review("dev-new-ads", "x")), (ROBOT, review("prod", "x")), link)
    assert github.prune("prod", "test").stdout.splitlines() == [
        "boutique-review dev: deleted",
        "boutique-review dev-new-ads: deleted",
    ]
    assert github.comments == [link, (ROBOT, review("prod", "x"))]
    assert github.prune("prod").stdout == "no boutique-review to delete\n"


def test_comments_of_people_stay_whatever_they_say(github: GitHub) -> None:
    of_people = [(ANN, review("dev", "x")), (ANN, ""), (ROBOT, f"> {review('dev', 'quoted')}")]
    github.put(*of_people)
    assert github.put_file(review("dev", "y")).returncode == 0
    assert github.comments == sorted([*of_people, (ROBOT, review("dev", "y"))])
    assert github.prune().returncode == 0
    assert github.comments == sorted(of_people)


def test_of_two_comments_on_one_stack_one_stays(github: GitHub) -> None:
    github.put(*[(ROBOT, review("dev", "old"))] * 3)
    assert github.put_file(review("dev", "new")).returncode == 0
    assert github.comments == [(ROBOT, review("dev", "new"))]


@pytest.mark.parametrize("body", ["no marker", "<!-- boutique-feature link -->\nanother kind", ""])
def test_a_file_without_its_marker_is_refused_before_anything_is_written(github: GitHub, body: str) -> None:
    done = github.put_file(body)
    assert done.returncode == 1
    assert "does not begin with a line such as <!-- boutique-review dev -->" in done.stderr
    assert github.comments == []


def test_what_github_refuses_is_told_in_one_line(github: GitHub) -> None:
    done = github.put_file(review("dev", "x"), number="13")
    assert done.returncode == 1
    assert "Not Found (HTTP 404); the job needs `pull-requests: write`" in done.stderr
    assert "Traceback" not in done.stderr


BOUTIQUE = """#!{python}
import json, pathlib, sys
folder = pathlib.Path({folder!r})
with (folder / "asked").open("a") as asked:
    print(json.dumps(sys.argv[1:]), file=asked)
answer = json.loads((folder / "answers.json").read_text())[" ".join(sys.argv[1:3])]
if isinstance(answer, str):
    sys.exit(answer)
print(json.dumps(answer))
"""
UP = {
    "url": "https://new-ads.dev.example",
    "expires": "2026-11-28T00:00:00Z",
    "services": {"adservice": "0.10.7-new-ads.3"},
}

Feature = Callable[..., tuple[int, str, list[list[str]]]]


@pytest.fixture
def feature(tmp_path: Path) -> Feature:
    """Run the script with a `boutique` that answers as it is told; returns code, comment, and what was asked."""

    def run(
        action: str, answers: dict[str, Any], branch: str = "new-ads", provider: str = ""
    ) -> tuple[int, str, list[list[str]]]:
        command(tmp_path / "bin/boutique", BOUTIQUE.format(python=sys.executable, folder=str(tmp_path)))
        (tmp_path / "answers.json").write_text(json.dumps(answers))
        given: Sequence[str] = ("--base=main", f"--secrets-provider={provider}") if action == "up" else ()
        file = tmp_path / "comments/feature.md"
        done = script(tmp_path, "feature.py", action, "--env=dev", f"--branch={branch}", *given, f"--comment={file}")
        assert "Traceback" not in done.stderr
        commands = [json.loads(line) for line in (tmp_path / "asked").read_text().splitlines()]
        return done.returncode, file.read_text(), commands

    return run


def test_the_feature_of_a_branch_is_what_it_changes_in_the_environments_file(feature: Feature) -> None:
    code, output, commands = feature("up", {"review versions": UP["services"], "feature up": UP}, branch="--new-ads")
    assert code == 0
    assert output.startswith("<!-- boutique-feature link -->\n### Feature `--new-ads`: <https://new-ads.dev.example>\n")
    assert "| `adservice` | `0.10.7-new-ads.3` |" in output
    assert "It lives until 2026-11-28T00:00:00Z" in output
    assert commands == [
        ["review", "versions", "dev", "--base=main", "--json"],
        ["feature", "up", "--env=dev", "--service=adservice=0.10.7-new-ads.3", "--json", "--", "--new-ads"],
    ]


def test_what_cannot_be_part_of_a_feature_stays_and_is_named(feature: Feature) -> None:
    versions = {**UP["services"], "redis-cart": "8", "loadgenerator": "0.10.7-new-ads.3"}
    code, output, commands = feature("up", {"review versions": versions, "feature up": UP})
    assert code == 0
    assert [argument for argument in commands[-1] if argument.startswith("--service")] == [
        "--service=adservice=0.10.7-new-ads.3"
    ]
    assert "is that of `dev`, also `loadgenerator`, `redis-cart`, whose calls cannot be distinguished." in output


def test_the_secrets_of_a_features_stack_are_kept_as_it_is_told(feature: Feature) -> None:
    _, _, commands = feature("up", {"review versions": UP["services"], "feature up": UP}, provider="awskms://alias/x")
    assert "--secrets-provider=awskms://alias/x" in commands[-1]


def test_a_branch_that_changes_no_version_has_no_feature_any_more(feature: Feature) -> None:
    code, output, commands = feature(
        "up", {"review versions": {}, "feature list": [{"key": "new-ads"}], "feature down": None}
    )
    assert code == 0
    assert "nothing to deploy" in output
    assert "`boutique release set dev --service frontend=0.10.7-my-branch.1`" in output
    assert commands[-1] == ["feature", "down", "--env=dev", "--", "new-ads"]


def test_a_feature_that_is_not_there_need_not_be_removed(feature: Feature) -> None:
    code, output, commands = feature("down", {"feature list": [{"key": "another"}]})
    assert (code, output) == (0, "<!-- boutique-feature link -->\n### Feature `new-ads`: no such feature\n")
    assert len(commands) == 1


@pytest.mark.parametrize("action", ["up", "down"])
def test_what_fails_is_in_the_comment(feature: Feature, action: str) -> None:
    failing = {"review versions": UP["services"], "feature up": "error: no ```", "feature list": "error: no ```"}
    code, output, _ = feature(action, failing)
    assert code == 1
    assert output.endswith(": failed\n\n````text\nno ```\n````\n")
