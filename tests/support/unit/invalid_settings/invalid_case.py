"""What a table of configurations with errors holds."""

from typing import Any

InvalidCase = tuple[dict[str, Any], list[tuple[str, str]]]
"""The values of a stack's keys, and the key and the code of each error in them."""
