"""The updates of a stack, as `pulumi stack history` tells them."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from boutique.checks.load import SERVICE_SECRETS
from boutique.settings.durations import moment
from ops.pulumi import engine
from ops.releases.stack_file import namespace

SUCCEEDED = "succeeded"
UPDATE, DESTROY = "update", "destroy"
_PAGE = 50
_BY = re.compile(r" \(by (?P<who>[^()]+)\)$")
_UNDECRYPTABLE = "ERROR_UNABLE_TO_DECRYPT"
"""What Pulumi shows for a secret that it cannot decrypt; no error comes with it."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One update of a stack.

    Attributes:
        number: Counted from the oldest, which is 1; on Pulumi Cloud the one shown there.
        kind: `update`, `refresh`, `destroy` or another of Pulumi's.
        result: `succeeded` or what else became of it.
        when: It began.
        end: It ended; None while it runs.
        who: Did it, as far as anybody knows.
        message: What it was for.
        config: Every key of the project's namespace that is no secret, without the namespace.
        secrets: What was in `serviceSecrets`, if it was read; None if it cannot be decrypted.
    """

    number: int
    kind: str
    result: str
    when: datetime
    end: datetime | None = None
    who: str
    message: str
    config: Mapping[str, Any]
    secrets: Mapping[str, str] | None = field(default_factory=dict, repr=False)


def history(
    project: Path, stack: str, *, secrets: bool = False, newest: int | None = None, timeout: float | None = None
) -> tuple[Entry, ...]:
    """Return the updates of a stack, the oldest first.

    Args:
        project: The folder of the project.
        stack: The stack.
        secrets: Whether to read what was in `serviceSecrets`.
        newest: How many of the newest are enough; those have no numbers that stay. None for all.
        timeout: After how many seconds to give up; None for never.

    Raises:
        EngineError: It cannot be read.
    """
    documents: list[Mapping[str, Any]] = []
    size = newest or _PAGE
    options = ["--show-secrets"] if secrets else []
    page = 0
    while len(documents) == page * size and not (newest and documents):
        page += 1
        paging = ("--page-size", str(size), "--page", str(page))
        # Secrets come by a pipe.
        printed = engine.run(project, stack, "stack", "history", "--json", *paging, *options, timeout=timeout)
        documents += json.loads(printed or "[]") or []
    return entries(documents, namespace(project))


def entries(newest_first: list[Mapping[str, Any]], namespace: str) -> tuple[Entry, ...]:
    """Return what Pulumi's JSON tells, the oldest first.

    Args:
        newest_first: That.
        namespace: What the keys of the project's configuration begin with: its name.
    """
    return tuple(_entry(number, document, namespace) for number, document in enumerate(reversed(newest_first), start=1))


def last_change(entries: tuple[Entry, ...]) -> Entry | None:
    """Return the newest entry that changed what runs; None if there is none."""
    return next((entry for entry in reversed(entries) if entry.kind in (UPDATE, DESTROY)), None)


def _entry(number: int, document: Mapping[str, Any], namespace: str) -> Entry:
    prefix = f"{namespace}:"
    whole: Mapping[str, Any] = document.get("config") or {}
    config = {key.removeprefix(prefix): value for key, value in whole.items() if key.startswith(prefix)}
    message, who = _split_signature(str(document.get("message") or "").strip())
    return Entry(
        number=document.get("version") or number,
        kind=str(document.get("kind")),
        result=str(document.get("result")),
        when=moment(document["startTime"]),
        end=moment(document["endTime"]) if document.get("endTime") else None,
        who=who or _who(document.get("environment") or {}),
        message=message.partition("\n")[0],
        config={key: _value(value) for key, value in config.items() if not value.get("secret")},
        secrets=_secrets(config.get(SERVICE_SECRETS) or {}),
    )


def _split_signature(message: str) -> tuple[str, str]:
    match = _BY.search(message)
    return (message[: match.start()], match["who"]) if match else (message, "")


def _who(environment: Mapping[str, str]) -> str:
    if system := environment.get("ci.system"):
        build = environment.get("ci.build.number") or environment.get("ci.build.id")
        return f"{system} {build}" if build else system
    # Whoever made the last commit need not be who ran the update, and nothing says more.
    committer = environment.get("git.committer") or environment.get("git.author")
    return f"commit of {committer}" if committer else ""


def _value(value: Mapping[str, Any]) -> Any:  # noqa: ANN401 - any value
    if "objectValue" in value:
        return value["objectValue"]
    try:
        return json.loads(value.get("value") or "null")
    except ValueError:
        return value.get("value")


def _secrets(value: Mapping[str, Any]) -> Mapping[str, str] | None:
    if value.get("value") == _UNDECRYPTABLE:
        return None
    content = _value(value) if value.get("value") else {}
    return {str(name): str(value) for name, value in content.items()} if isinstance(content, Mapping) else {}
