"""Reads the document that `pulumi preview --json` prints (Pulumi's pkg/display/json.go)."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ops.reviews.plan import STACK, Operation, Plan, PlannedResource

# Other operations are steps of a replacement, or only read.
_OPERATIONS = {**{operation.value: operation for operation in Operation}, "import": Operation.CREATE}
_ENDED = "an unhandled error occurred: program exited"


class PlanError(ValueError):
    """A document is not what `pulumi preview --json` prints."""


def read(document: object, stack: str | None = None) -> Plan:
    """Return the plan from a document of `pulumi preview --json`.

    Args:
        document: The output of `pulumi preview --json`, best with `--show-sames`.
        stack: The name of the stack; None to read it from the document.

    Raises:
        PlanError: The document has another format.
    """
    if not isinstance(document, Mapping) or not isinstance(steps := document.get("steps", []), list):
        raise PlanError("is not what `pulumi preview --json` prints")
    try:
        stacks = [str(step["urn"]).split("::")[0].rpartition(":")[2] for step in steps]
        if stack is None and not stacks:
            raise PlanError("names no stack; name the stack that it is for")
        root: Mapping[str, Any] = next((step for step in steps if f"::{STACK}::" in step["urn"]), {})
        resources = tuple(_resources(steps))
        return Plan(
            stack=stack or stacks[0],
            resources=resources,
            whole=root.get("oldState") is None or not all(resource.changes for resource in resources),
            outputs=(root.get("oldState") or {}).get("outputs") or {},
            warnings=tuple(_diagnostics(document, "warning")),
            errors=_errors(document),
        )
    except (KeyError, TypeError, AttributeError):
        raise PlanError("is not what `pulumi preview --json` prints") from None


def _resources(steps: Sequence[Mapping[str, Any]]) -> Iterator[PlannedResource]:
    for step in steps:
        operation = _OPERATIONS.get(step["op"])
        if operation is None or f"::{STACK}::" in step["urn"]:
            continue
        before, after = step.get("oldState"), step.get("newState")
        state = after or before or {}
        yield PlannedResource(
            operation=operation,
            urn=step["urn"],
            type=state["type"],
            parent=state.get("parent", ""),
            custom=bool(state.get("custom")),
            protected=bool((before or {}).get("protect")),
            before=None if operation is Operation.CREATE or before is None else before.get("inputs") or {},
            after=None if operation is Operation.DELETE or after is None else after.get("inputs") or {},
            reasons=tuple(sorted(step.get("detailedDiff") or step.get("diffReasons") or ())),
        )


def _errors(document: Mapping[str, Any]) -> tuple[str, ...]:
    errors = tuple(_diagnostics(document, "error"))
    # The error that ended the program is enough; that it ended is not repeated.
    return tuple(error for error in errors if not error.startswith(_ENDED)) or errors


def _diagnostics(document: Mapping[str, Any], severity: str) -> Iterator[str]:
    for diagnostic in document.get("diagnostics") or []:
        text = str(diagnostic.get("message", "")).strip().removeprefix(f"{severity}: ")
        if diagnostic.get("severity") == severity and text:
            yield text
