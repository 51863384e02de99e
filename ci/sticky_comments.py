"""Puts comments on a pull request: one for each file of a folder, in place of the one that was there before.

The first line of a file is its marker, such as `<!-- boutique-review dev -->`. A comment with the same first line is
replaced; one of the same kind (`boutique-review`) of which there is no file any more is deleted. Comments of anybody
else are left alone, whatever they say.

It needs Python alone and `gh` with a token that may write to pull requests: where it runs, nothing of the pull request
itself has to run.
"""

import argparse
import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

MARKER = re.compile(r"<!-- (?P<kind>boutique-[a-z]+) .*-->")
ROBOT = "github-actions[bot]"
"""Who writes with the token of a workflow."""


class CommentError(Exception):
    """Something is wrong with a comment, or GitHub refuses it; the text says what to do."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Bring the comments of a pull request up to date."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("kind", help="which comments to bring up to date, such as boutique-review")
    parser.add_argument("pull_request", type=int, help="its number")
    parser.add_argument("folder", type=Path, help="with a file for each comment; others of that kind are deleted")
    given = parser.parse_args(arguments)
    try:
        wanted = _wanted(given.folder, given.kind)
        found = _found(given.pull_request, given.kind)
        for line in _update(given.pull_request, wanted, found):
            print(line)
    except CommentError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def marker(body: str, kind: str) -> str | None:
    """Return the first line of a comment if it marks one of a kind."""
    line = body.partition("\n")[0].strip()
    match = MARKER.fullmatch(line)
    return line if match and match["kind"] == kind else None


def _wanted(folder: Path, kind: str) -> dict[str, str]:
    wanted: dict[str, str] = {}
    for path in sorted(folder.iterdir()):
        body = path.read_text()
        line = marker(body, kind)
        if line is None:
            raise CommentError(f"{path}: does not begin with a line such as <!-- {kind} dev -->")
        if line in wanted:
            raise CommentError(f"{path}: another file begins with {line} as well")
        wanted[line] = body
    return wanted


def _found(pull_request: int, kind: str) -> dict[str, list[int]]:
    """Return the numbers of the comments that are there, by marker."""
    author = os.environ.get("COMMENT_AUTHOR", ROBOT)
    pages = json.loads(_gh("--paginate", "--slurp", f"{_comments(pull_request)}?per_page=100"))
    found: dict[str, list[int]] = {}
    for each in (one for page in pages for one in page):
        line = marker(each["body"] or "", kind)
        if line and (each["user"] or {}).get("login") == author:
            found.setdefault(line, []).append(each["id"])
    return found


def _update(pull_request: int, wanted: Mapping[str, str], found: Mapping[str, Sequence[int]]) -> list[str]:
    said = []
    for line, body in wanted.items():
        first, *others = found.get(line, [None])
        if first is None:
            _gh("--method", "POST", _comments(pull_request), content={"body": body})
            said.append(f"written: {line}")
        else:
            _gh("--method", "PATCH", _comment(first), content={"body": body})
            said.append(f"renewed: {line}")
        # Two runs at once may have written one each.
        for other in others:
            if other is not None:
                _gh("--method", "DELETE", _comment(other))
    for line in found.keys() - wanted.keys():
        for other in found[line]:
            _gh("--method", "DELETE", _comment(other))
        said.append(f"deleted: {line}")
    return said


def _comments(pull_request: int) -> str:
    # `gh` fills in the repository: $GH_REPO, or where it runs.
    return f"repos/{{owner}}/{{repo}}/issues/{pull_request}/comments"


def _comment(number: int) -> str:
    return f"repos/{{owner}}/{{repo}}/issues/comments/{number}"


def _gh(*arguments: str, content: Mapping[str, Any] | None = None) -> str:
    # A comment is too long for a command line, and may begin with an @, which would name a file.
    command = ["gh", "api", *arguments, *(["--input", "-"] if content is not None else [])]
    given = None if content is None else json.dumps(content)
    try:
        done = subprocess.run(command, input=given, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise CommentError("the program 'gh' is missing: https://cli.github.com") from None
    if done.returncode:
        raise CommentError(
            f"GitHub refuses {' '.join(arguments)}: {done.stderr.strip()}; "
            "the job needs `pull-requests: write` and GH_TOKEN"
        )
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
