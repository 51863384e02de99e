"""What an import has to say beside the file: what it left out, what it chose, and the settings of stacks."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass
class ImportReport:
    """The lines that go with an imported application."""

    left_out: list[str] = field(default_factory=list)
    """What the file of an application cannot say, with the reason."""
    notes: list[str] = field(default_factory=list)
    """What was chosen, and what there is to do."""
    services: dict[str, dict[str, Any]] = field(default_factory=dict)
    """The stack settings `environment.services`, by workload."""
    secrets: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    """The workloads that use each key of a Secret, by Secret and key; the key is empty for a whole Secret."""
    without_user: list[str] = field(default_factory=list)
    """The workloads whose manifests do not tell which user they run as."""
    versions: dict[str, list[str]] = field(default_factory=dict)
    """Images of further versions, by workload."""

    def leave_out(self, reference: str, what: str, reason: str) -> None:
        """Add something that the file cannot say.

        Args:
            reference: The object, such as `Deployment/web`.
            what: Its field; empty for the whole object.
            reason: Why, and what to do.
        """
        line = f"{reference}: {what}: {reason}" if what else f"{reference}: {reason}"
        if line not in self.left_out:
            self.left_out.append(line)

    def note(self, reference: str, text: str) -> None:
        """Add what was chosen for an object."""
        line = f"{reference}: {text}"
        if line not in self.notes:
            self.notes.append(line)

    def set_service(self, workload: str, settings: Mapping[str, Any]) -> None:
        """Add stack settings of a workload."""
        self.services.setdefault(workload, {}).update(settings)

    def use_secret(self, secret: str, key: str, user: str) -> None:
        """Add that a workload, or one of its variables, uses a Secret."""
        users = self.secrets.setdefault(secret, {}).setdefault(key, [])
        if user not in users:
            users.append(user)
