"""Plans a rollback: the services of an earlier update in the stack's file; everything else stays."""

import difflib
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from boutique.checks.load import SERVICE_SECRETS
from boutique.settings.release_settings import Change, difference
from ops.errors import OperationError
from ops.pulumi import interrupted_updates
from ops.pulumi.config_encryption import encrypt_secrets
from ops.pulumi.stack_history import Entry
from ops.pulumi.stack_queries import outputs, service_secrets
from ops.releases.file_checks import UNCHANGED, check
from ops.releases.revisions import KEPT, ROLLBACK, Former, RevisionContent, choose_release, content, secret_names
from ops.releases.service_versions import Standing, deployed_release, describe_changes, requested_pins
from ops.releases.stack_file import ENVIRONMENT, RELEASE, StackFile


@dataclass(frozen=True, kw_only=True)
class Rollback:
    """A planned rollback.

    Attributes:
        stack: The stack.
        former: The revision to roll back to.
        before: The stack's file.
        after: The stack's file with that revision.
        changes: The versions that change.
        secrets: Names of the secrets whose content is restored.
    """

    stack: str
    former: Former
    before: StackFile
    after: StackFile
    changes: tuple[Change, ...]
    secrets: tuple[str, ...]

    @property
    def message(self) -> str:
        """The message of the update."""
        # The versions are cut off: else the message would grow with each rollback to a rollback.
        what = self.former.first.message.partition(": ")[0]
        about = f" ({what})" if what else ""
        return f"{ROLLBACK} {self.former.first.number}{about}: {describe_changes(self.changes) or 'the same versions'}"

    @property
    def diff(self) -> str:
        """The changes of the stack's file as a unified diff; secrets stay encrypted."""
        old, new = (file.text.splitlines(keepends=True) for file in (self.before, self.after))
        name = self.before.path.name
        return "".join(difflib.unified_diff(old, new, f"{name} now", f"{name} as of update {self.former.first.number}"))


def rollback(project: Path, stack: str, number: int | None, *, keep_secrets: bool) -> Rollback:
    """Read the stack, and plan a rollback.

    Args:
        project: The folder of the project.
        stack: The stack.
        number: The update to roll back to; None for the revision before the one that runs.
        keep_secrets: Keep the contents of secrets.

    Raises:
        OperationError: The rollback is refused, or the stack cannot be read.
    """
    before = StackFile.read(project, stack)
    with ThreadPoolExecutor() as pool:
        stack_outputs = pool.submit(outputs, project, stack)
        # A stack without secrets needs no decryption.
        kept = keep_secrets or not before.config.get(SERVICE_SECRETS)
        secrets = None if kept else pool.submit(service_secrets, project, stack)
        updates = interrupted_updates.updates(project, stack, secrets=not keep_secrets)
        current: Mapping[str, str] | None = secrets.result() if secrets else None if keep_secrets else {}
        deployed = deployed_release(stack, stack_outputs.result())
    draft = plan(deployed, before, updates, current, number)
    if keep_secrets or not draft.secrets:
        return draft
    contents = {name: (draft.former.content.secrets or {})[name] for name in draft.secrets}
    existing: Mapping[str, Any] = before.config.get(SERVICE_SECRETS) or {}
    if before.secret_names is None:
        # They are encrypted as one value, so they change together.
        contents, existing = {**(current or {}), **contents}, {}
    file = draft.after.with_values({SERVICE_SECRETS: existing or None})
    new = {**existing, **encrypt_secrets(project, stack, file, contents)}
    return replace(draft, after=draft.after.with_values({SERVICE_SECRETS: new}))


def plan(
    deployed: Standing,
    before: StackFile,
    updates: tuple[Entry, ...],
    secrets: Mapping[str, str] | None,
    number: int | None,
) -> Rollback:
    """Plan a rollback without the contents of secrets.

    Args:
        deployed: The release that the stack has deployed.
        before: The stack's file.
        updates: Its history, the oldest first.
        secrets: The contents of the file's service secrets; None to keep all secrets.
        number: The update to roll back to; None for the revision before the one that runs.

    Raises:
        OperationError: The rollback is refused.
    """
    application = before.application
    present = content(application, before.config, secrets) or RevisionContent(
        application=application, release=None, environment={}, secrets=secrets
    )
    former = choose_release(application, updates, present, deployed.stack, number)
    if secrets is not None and former.content.secrets is None:
        raise OperationError(
            f"update {former.first.number} of {deployed.stack!r}: its secrets cannot be decrypted any more "
            f"({', '.join(secret_names(former.content.environment))}), and {UNCHANGED}; with --keep-secrets everything "
            "else goes back, and secrets stay as they are"
        )
    former_secrets = {} if secrets is None else former.content.secrets or {}
    restored = {name: text for name, text in former_secrets.items() if text != (secrets or {}).get(name)}
    # The check needs the names of the secrets; their contents come later.
    names = {name: {"secure": "-"} for name in (*(before.secret_names or secrets or ()), *restored)}
    after = before.with_values(_sections(before, former.content))
    try:
        checked = check(after.with_values({SERVICE_SECRETS: names}) if restored else after, deployed)
    except OperationError as error:
        raise OperationError(f"update {former.first.number} of {deployed.stack!r} cannot come back: {error}") from None
    return Rollback(
        stack=deployed.stack,
        former=former,
        before=before,
        after=after,
        changes=difference(deployed.pins, requested_pins(*checked)),
        secrets=tuple(sorted(restored)),
    )


def _sections(before: StackFile, former: RevisionContent) -> Mapping[str, Any]:
    present = before.config.get(ENVIRONMENT)
    kept = {key: value for key, value in present.items() if key in KEPT} if isinstance(present, Mapping) else {}
    return {RELEASE: former.release, ENVIRONMENT: {**former.environment, **kept}}
