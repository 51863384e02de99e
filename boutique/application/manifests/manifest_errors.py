"""Errors in Kubernetes manifests, in lines that name the file or the object."""

from collections.abc import Iterable


class ManifestError(ValueError):
    """All errors of the manifests that an application was to be imported from, one a line."""

    def __init__(self, errors: Iterable[str]) -> None:
        self.errors = tuple(errors)
        super().__init__("\n".join(self.errors))
