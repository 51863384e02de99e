"""Keeps the record of a lab while it runs: every change is on disk at once."""

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from lab.kubernetes.controlplane import Component
from lab.record import ComponentRecord, LabRecord, State
from lab.supervision.process import own_host_pid


class Journal:
    """The supervisor's side of the record."""

    def __init__(self, path: Path, components: Sequence[Component]) -> None:
        self._path = path
        self._record = LabRecord(
            State.STARTING,
            pid=own_host_pid(),
            started=time.time(),
            awaited=components[0].name,
            components=tuple(ComponentRecord(component.name, component.ports) for component in components),
        )

    def begin(self) -> None:
        """Write the first record."""
        self._record.write(self._path)

    def note_awaited(self, awaited: str) -> None:
        """Note the component that the start waits for."""
        if awaited != self._record.awaited:
            self._note(awaited=awaited)

    def note_running(self) -> None:
        """Note that the lab is complete."""
        self._note(state=State.RUNNING, awaited="")

    def note_stopping(self) -> None:
        """Note that the lab is about to end."""
        self._note(state=State.STOPPING, awaited="")

    def end(self, failed: str) -> None:
        """Leave the name of the component that failed; remove the record if none did."""
        if failed:
            self._note(state=State.FAILED, failed=failed, pid=0)
        else:
            self._path.unlink(missing_ok=True)

    def component(self, name: str, state: State, **changes: Any) -> None:  # noqa: ANN401 - the record checks its types
        """Note the state of one component."""
        self._note(
            components=tuple(
                replace(component, state=state, **changes) if component.name == name else component
                for component in self._record.components
            )
        )

    def _note(self, **changes: Any) -> None:  # noqa: ANN401 - the record checks its types
        self._record = replace(self._record, **changes)
        self._record.write(self._path)
