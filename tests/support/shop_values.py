"""The products and currencies of Online Boutique's stand-ins, also for Locust's own process."""

from pathlib import Path
from typing import Any

import yaml

_FILE = Path(__file__).parents[2] / "application" / "online-boutique.lab.yaml"
_definitions: dict[str, Any] = yaml.safe_load(_FILE.read_text())["definitions"]

PRODUCTS: tuple[str, ...] = tuple(_definitions["products"])
CURRENCIES: tuple[str, ...] = tuple(_definitions["currencies"])
