"""Quantities of the Kubernetes API: CPU, memory and counts of objects."""

import re
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Self

_FACTORS = {
    "n": Decimal("1e-9"),
    "u": Decimal("1e-6"),
    "m": Decimal("1e-3"),
    **{suffix: Decimal(1000) ** power for power, suffix in enumerate(("", "k", "M", "G", "T", "P", "E"))},
    **{f"{suffix}i": Decimal(1024) ** power for power, suffix in enumerate("KMGTPE", 1)},
}


@dataclass(frozen=True, kw_only=True)
class Quantity:
    """An amount of CPU or memory.

    Attributes:
        text: As it was written.
        amount: What it means, in cores or bytes.
    """

    text: str
    amount: Decimal = field(compare=False)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a quantity.

        Raises:
            ValueError: It is not one.
        """
        return cls(text=text, amount=api_amount(text))

    def __str__(self) -> str:
        return self.text


def api_amount(quantity: object) -> Decimal:
    """Return a quantity as the API server writes it, in cores, bytes or objects.

    https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/

    Raises:
        ValueError: It is not a quantity.
    """
    match = re.fullmatch(
        r"([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?)([numkMGTPE]|[KMGTPE]i)?", str(quantity)
    )
    if not match:
        raise ValueError(f"{quantity!r} is not a Kubernetes quantity")
    return Decimal(match[1]) * _FACTORS[match[2] or ""]
