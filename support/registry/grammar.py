"""The grammar of tags and digests.

OCI distribution specification 1.1, "Pulling manifests", and OCI image specification 1.1, "Digests"; of the algorithms
for digests, registries use SHA-256.
"""

import re

_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


def is_tag(value: object) -> bool:
    """Say whether a value is a tag."""
    return isinstance(value, str) and _TAG.fullmatch(value) is not None


def is_digest(value: object) -> bool:
    """Say whether a value is a digest of SHA-256."""
    return isinstance(value, str) and _DIGEST.fullmatch(value) is not None
