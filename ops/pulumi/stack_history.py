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
    found: list[Mapping[str, Any]] = []
    size = newest or _PAGE
    shown = ["--show-secrets"] if secrets else []
    page = 0
    while len(found) == page * size and not (newest and found):
        page += 1
        paging = ("--page-size", str(size), "--page", str(page))
        # Secrets come by a pipe.
        said = engine.run(project, stack, "stack", "history", "--json", *paging, *shown, timeout=timeout)
        found += json.loads(said or "[]") or []
    return entries(found, namespace(project))


def entries(newest_first: list[Mapping[str, Any]], namespace: str) -> tuple[Entry, ...]:
    """Return what Pulumi's JSON tells, the oldest first.

    Args:
        newest_first: That.
        namespace: What the keys of the project's configuration begin with: its name.
    """
    return tuple(_entry(number, each, namespace) for number, each in enumerate(reversed(newest_first), start=1))


def last_change(found: tuple[Entry, ...]) -> Entry | None:
    """Return the newest entry that changed what runs; None if there is none."""
    return next((each for each in reversed(found) if each.kind in (UPDATE, DESTROY)), None)


def _entry(number: int, said: Mapping[str, Any], namespace: str) -> Entry:
    prefix = f"{namespace}:"
    whole: Mapping[str, Any] = said.get("config") or {}
    config = {key.removeprefix(prefix): value for key, value in whole.items() if key.startswith(prefix)}
    message, who = _signed(str(said.get("message") or "").strip())
    return Entry(
        number=said.get("version") or number,
        kind=str(said.get("kind")),
        result=str(said.get("result")),
        when=moment(said["startTime"]),
        end=moment(said["endTime"]) if said.get("endTime") else None,
        who=who or _who(said.get("environment") or {}),
        message=message.partition("\n")[0],
        config={key: _value(value) for key, value in config.items() if not value.get("secret")},
        secrets=_secrets(config.get(SERVICE_SECRETS) or {}),
    )


def _signed(message: str) -> tuple[str, str]:
    signed = _BY.search(message)
    return (message[: signed.start()], signed["who"]) if signed else (message, "")


def _who(environment: Mapping[str, str]) -> str:
    if system := environment.get("ci.system"):
        build = environment.get("ci.build.number") or environment.get("ci.build.id")
        return f"{system} {build}" if build else system
    # Whoever made the last commit need not be who ran the update, and nothing says more.
    committer = environment.get("git.committer") or environment.get("git.author")
    return f"commit of {committer}" if committer else ""


def _value(said: Mapping[str, Any]) -> Any:  # noqa: ANN401 - any value
    if "objectValue" in said:
        return said["objectValue"]
    try:
        return json.loads(said.get("value") or "null")
    except ValueError:
        return said.get("value")


def _secrets(said: Mapping[str, Any]) -> Mapping[str, str] | None:
    if said.get("value") == _UNDECRYPTABLE:
        return None
    content = _value(said) if said.get("value") else {}
    return {str(name): str(value) for name, value in content.items()} if isinstance(content, Mapping) else {}
