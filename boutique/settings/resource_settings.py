"""CPU and memory of containers, in stack files and in the file of an application."""

from boutique.settings.fields import Cpu, Memory, Section


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
