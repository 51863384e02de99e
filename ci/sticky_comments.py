"""Keeps one comment per kind and name on a pull request, such as one per stack.

The first line of a comment is its marker, such as `<!-- boutique-review dev -->`. `put` writes the comment that a
file holds, in place of the one with the same marker; `prune` deletes the comments of a kind that are not named.
Comments of other authors are left alone, also those with a marker.

It needs only Python, and `gh` with a token that may write to pull requests; its job need not run code of the
pull request.
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

MARKER = re.compile(r"<!-- (?P<kind>boutique-[a-z]+) (?P<name>\S+) -->")
ROBOT = "github-actions[bot]"
"""The author of comments that are written with the token of a workflow."""


class CommentError(Exception):
    """A comment is invalid, or GitHub refuses it; the message says what to do."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Bring the comments of a pull request up to date."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    actions = parser.add_subparsers(dest="action", required=True)
    put = actions.add_parser("put", help="write a comment, in place of the former one")
    prune = actions.add_parser("prune", help="delete all comments of a kind but some")
    for action in (put, prune):
        action.add_argument("kind", help="such as boutique-review")
        action.add_argument("pull_request", type=int, help="its number")
    put.add_argument("file", type=Path, help="the comment; its first line is the marker")
    prune.add_argument("names", nargs="*", help="of the comments that stay, such as dev")
    options = parser.parse_args(arguments)
    try:
        if options.action == "put":
            lines = [_put(options.pull_request, options.kind, options.file)]
        else:
            lines = _prune(options.pull_request, options.kind, options.names)
    except CommentError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print("\n".join(lines))
    return 0


def find_name(body: str, kind: str) -> str | None:
    """Return the name in the marker of a comment; None without a marker of that kind."""
    match = MARKER.fullmatch(body.partition("\n")[0].strip())
    return match["name"] if match and match["kind"] == kind else None


def _put(pull_request: int, kind: str, file: Path) -> str:
    body = file.read_text()
    name = find_name(body, kind)
    if name is None:
        raise CommentError(f"{file}: does not begin with a line such as <!-- {kind} dev -->")
    first, *duplicates = _list_comments(pull_request, kind).get(name, [None])
    # Two concurrent runs may have written duplicates.
    for duplicate in duplicates:
        _gh("--method", "DELETE", _comment(duplicate))
    if first is None:
        _gh("--method", "POST", _comments(pull_request), content={"body": body})
        return f"{kind} {name}: written"
    _gh("--method", "PATCH", _comment(first), content={"body": body})
    return f"{kind} {name}: renewed"


def _prune(pull_request: int, kind: str, names: Sequence[str]) -> list[str]:
    gone = {name: numbers for name, numbers in _list_comments(pull_request, kind).items() if name not in names}
    for numbers in gone.values():
        for number in numbers:
            _gh("--method", "DELETE", _comment(number))
    return [f"{kind} {name}: deleted" for name in gone] or [f"no {kind} to delete"]


def _list_comments(pull_request: int, kind: str) -> dict[str, list[int | None]]:
    """Return the numbers of the existing comments by the name in their marker."""
    author = os.environ.get("COMMENT_AUTHOR", ROBOT)
    pages = json.loads(_gh("--paginate", "--slurp", f"{_comments(pull_request)}?per_page=100"))
    numbers: dict[str, list[int | None]] = {}
    for comment in (item for page in pages for item in page):
        name = find_name(comment["body"] or "", kind)
        if name and (comment["user"] or {}).get("login") == author:
            numbers.setdefault(name, []).append(comment["id"])
    return numbers


def _comments(pull_request: int) -> str:
    # `gh` fills in the repository: $GH_REPO, or where it runs.
    return f"repos/{{owner}}/{{repo}}/issues/{pull_request}/comments"


def _comment(number: int | None) -> str:
    return f"repos/{{owner}}/{{repo}}/issues/comments/{number}"


def _gh(*arguments: str, content: Mapping[str, Any] | None = None) -> str:
    # A comment is too long for a command line, and may begin with an @, which would name a file.
    command = ["gh", "api", *arguments, *(["--input", "-"] if content is not None else [])]
    data = None if content is None else json.dumps(content)
    try:
        process = subprocess.run(command, input=data, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise CommentError("the program 'gh' is missing: https://cli.github.com") from None
    if process.returncode:
        raise CommentError(
            f"GitHub refuses {' '.join(arguments)}: {process.stderr.strip()}; "
            "the job needs `pull-requests: write` and GH_TOKEN"
        )
    return process.stdout


if __name__ == "__main__":
    sys.exit(main())
