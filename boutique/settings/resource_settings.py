"""CPU and memory of containers, in stack files and in the file of an application."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Self

from boutique.settings.fields import Cpu, Memory, Section
from boutique.settings.quantities import Quantity


class Quantities(Section):
    """CPU and memory; what is absent is left as the application says."""

    cpu: Cpu | None = None
    """Such as `100m` or `2`."""
    memory: Memory | None = None
    """Such as `64Mi`."""


class ContainerResources(Section):
    """What a container asks for and what it may use at most."""

    requests: Quantities = Quantities()
    """What the scheduler sets aside."""
    limits: Quantities = Quantities()
    """What it may use at most."""


@dataclass(frozen=True, kw_only=True)
class Resources:
    """CPU and memory that a container asks for, or may use at most."""

    cpu: Cpu
    memory: Memory

    @classmethod
    def parse(cls, *, cpu: str, memory: str) -> Self:
        """Read both, such as `100m` and `64Mi`.

        Raises:
            ValueError: One of them is not a quantity.
        """
        return cls(cpu=Quantity.parse(cpu), memory=Quantity.parse(memory))

    def as_written(self) -> dict[str, str]:
        """Return both by name, as manifests have them."""
        return {"cpu": str(self.cpu), "memory": str(self.memory)}

    def amounts(self) -> dict[str, Decimal]:
        """Return both by name, in cores and bytes."""
        return {"cpu": self.cpu.amount, "memory": self.memory.amount}
