"""The outputs of stacks of the project: exports those of this stack, and is the only place that asks for others."""

import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import pulumi

from boutique.outputs import Output

T = TypeVar("T")

_TRIES, _PAUSE = 20, 0.1


def full_name(stack: str) -> str:
    """Return the whole name of a stack, which is of this project and organization unless it says otherwise."""
    return stack if "/" in stack else f"{pulumi.get_organization()}/{pulumi.get_project()}/{stack}"


def export(model: type[Output], /, **values: pulumi.Input[Any]) -> None:
    """Export the outputs that a model describes.

    They are not built as one model, which would be unknown in a preview as long as one of its values is.

    Args:
        model: Describes them.
        values: Their values, ready to be exported, by the fields of the model.
    """
    if values.keys() != model.model_fields.keys():
        raise TypeError(f"{model.__name__}: {sorted(values.keys() ^ model.model_fields.keys())}")
    for name, field in model.model_fields.items():
        pulumi.export(field.alias or name, values[name])


def outputs(stack: str, key: str) -> Mapping[str, Any]:
    """Return the outputs of a stack, secrets included; only `stacks.references` may hold them.

    A StackReference would give them as Outputs, too late to decide which resources there are. This is the function of
    the engine behind it (pkg/resource/deploy/builtins.go of pulumi/pulumi).

    Args:
        stack: Its name; of this project and organization unless it says otherwise.
        key: Where the configuration names it.

    Raises:
        pulumi.RunError: It is not there, or its outputs cannot be read.
    """
    try:
        answer = pulumi.runtime.invoke("pulumi:pulumi:readStackOutputs", {"name": full_name(stack)}).value
    # The SDK has no narrower one for what the engine refuses.
    except Exception as error:
        if "unknown stack" in str(error):
            raise pulumi.RunError(
                f"{key}: {stack!r}: there is no such stack; `pulumi stack ls` shows which there are"
            ) from None
        raise pulumi.RunError(f"{key}: {stack!r}: its outputs cannot be read: {error}") from None
    stack_outputs: Mapping[str, Any] = answer["outputs"]
    return stack_outputs


def own_output(key: str) -> object:
    """Return an output of this very stack, as its last update that came to its end has left it; None if there is none.

    Raises:
        pulumi.RunError: The outputs cannot be read.
    """
    return _patiently(lambda: outputs(pulumi.get_stack(), f"stack {pulumi.get_stack()!r}").get(key))


def resources() -> Mapping[str, Mapping[str, Any]]:
    """Return the resources that this very stack's state records, `type` and `outputs` of each by its URN; secret.

    Unlike the stack's own outputs it has what updates that failed or were killed have done.

    Raises:
        pulumi.RunError: The state cannot be read.
    """
    return _patiently(_resources)


def _resources() -> Mapping[str, Mapping[str, Any]]:
    name = full_name(pulumi.get_stack())
    try:
        answer = pulumi.runtime.invoke("pulumi:pulumi:readStackResourceOutputs", {"stackName": name}).value
    # The SDK has no narrower one for what the engine refuses.
    except Exception as error:
        raise pulumi.RunError(f"stack {name!r}: its state cannot be read: {error}") from None
    state: Mapping[str, Mapping[str, Any]] = answer["outputs"]
    return state


def _patiently(read: Callable[[], T]) -> T:
    for _ in range(_TRIES - 1):
        try:
            return read()
        except pulumi.RunError as error:
            # A backend of files writes them anew with every step of this update, and not at one stroke.
            pulumi.log.debug(f"the stack's own state is asked for again: {error}")
            time.sleep(_PAUSE)
    return read()
