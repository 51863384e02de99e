"""Reads the updates of a stack with `pulumi stack history`."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from boutique.checks.load import SERVICE_SECRETS
from boutique.settings.durations import moment
from boutique.settings.stack import NAMESPACE
from ops.pulumi import engine

SUCCEEDED = "succeeded"
UPDATE, DESTROY = "update", "destroy"
_PAGE = 50
_BY = re.compile(r" \(by (?P<who>[^()]+)\)$")
_UNDECRYPTABLE = "ERROR_UNABLE_TO_DECRYPT"
"""Pulumi prints this for a secret that it cannot decrypt, without an error."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One update of a stack.

    Attributes:
        number: Its number, counted from the oldest, which is 1; on Pulumi Cloud the number shown there.
        kind: `update`, `refresh`, `destroy` or another kind of Pulumi's.
        result: `succeeded` or another result.
        when: When it began.
        end: When it ended; None while it runs.
        who: The user or the CI build that ran it; empty if unknown.
        message: The first line of its message.
        config: The keys of the program's namespace that are not secret, without the namespace.
        secrets: The contents of `serviceSecrets`, if read; None if they cannot be decrypted.
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
        secrets: Whether to read the contents of `serviceSecrets`.
        newest: How many of the newest to read; their numbers are not stable. None for all.
        timeout: Seconds before the command is killed; None for no limit.

    Raises:
        EngineError: The history cannot be read.
    """
    documents: list[Mapping[str, Any]] = []
    size = newest or _PAGE
    options = ["--show-secrets"] if secrets else []
    page = 0
    while len(documents) == page * size and not (newest and documents):
        page += 1
        paging = ("--page-size", str(size), "--page", str(page))
        # Secrets come through a pipe.
        printed = engine.run(project, stack, "stack", "history", "--json", *paging, *options, timeout=timeout)
        documents += json.loads(printed or "[]") or []
    return entries(documents)


def entries(newest_first: list[Mapping[str, Any]]) -> tuple[Entry, ...]:
    """Return the updates from the JSON of `pulumi stack history`, the oldest first."""
    return tuple(_entry(number, document) for number, document in enumerate(reversed(newest_first), start=1))


def last_change(entries: tuple[Entry, ...]) -> Entry | None:
    """Return the newest update that may have changed resources: an `update` or a `destroy`; None without one."""
    return next((entry for entry in reversed(entries) if entry.kind in (UPDATE, DESTROY)), None)


def _entry(number: int, document: Mapping[str, Any]) -> Entry:
    prefix = f"{NAMESPACE}:"
    whole: Mapping[str, Any] = document.get("config") or {}
    config = {key.removeprefix(prefix): value for key, value in whole.items() if key.startswith(prefix)}
    message, who = _split_signature(str(document.get("message") or "").strip())
    return Entry(
        number=document.get("version") or number,
        kind=str(document.get("kind")),
        result=str(document.get("result")),
        when=moment(document["startTime"]),
        end=moment(document["endTime"]) if document.get("endTime") else None,
        who=who or _user(document.get("environment") or {}),
        message=message.partition("\n")[0],
        config={key: _value(value) for key, value in config.items() if not value.get("secret")},
        secrets=_secrets(config.get(SERVICE_SECRETS) or {}),
    )


def _split_signature(message: str) -> tuple[str, str]:
    match = _BY.search(message)
    return (message[: match.start()], match["who"]) if match else (message, "")


def _user(environment: Mapping[str, str]) -> str:
    if system := environment.get("ci.system"):
        build = environment.get("ci.build.number") or environment.get("ci.build.id")
        return f"{system} {build}" if build else system
    # The author of the last commit may not be the user who ran the update, but nothing else is recorded.
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
