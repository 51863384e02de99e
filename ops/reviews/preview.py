"""Runs `pulumi preview` for the plan of a stack, or reads a saved one."""

import json
from pathlib import Path

from ops.errors import OperationError
from ops.pulumi import engine
from ops.pulumi.engine import EngineError
from ops.reviews.plan import Plan
from ops.reviews.preview_parser import PlanError, read


def preview(project: Path, stack: str) -> Plan:
    """Run `pulumi preview` for a stack, and return its plan, which includes errors of the preview.

    Args:
        project: The folder of the project.
        stack: The stack.

    Raises:
        OperationError: `pulumi` is missing, or its output is not JSON of a preview.
    """
    try:
        printed = engine.run(project, stack, "preview", "--json", "--show-sames")
    except EngineError as error:
        printed = error.printed
        if not printed.lstrip().startswith("{"):
            return Plan(stack=stack, errors=(str(error),))
        plan = _read(printed, stack, f"pulumi preview --stack {stack}")
        return plan if plan.errors else Plan(stack=stack, errors=(str(error),))
    return _read(printed, stack, f"pulumi preview --stack {stack}")


def read_saved_plan(file: Path, stack: str | None) -> Plan:
    """Return the plan from a file.

    Raises:
        OperationError: The file is not JSON of a preview.
    """
    try:
        return _read(file.read_text(), stack, f"--from {file}")
    except UnicodeDecodeError:
        raise OperationError(f"--from {file}: is not text; give what `pulumi preview --json` printed") from None


def _read(printed: str, stack: str | None, where: str) -> Plan:
    try:
        return read(json.loads(printed), stack)
    except (json.JSONDecodeError, PlanError) as error:
        reason = error if isinstance(error, PlanError) else "is not JSON"
        raise OperationError(f"{where}: {reason}; give what `pulumi preview --json --show-sames` printed") from None
