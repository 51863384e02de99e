"""The vocabulary of pages: what a visitor asks a shop for, and what that proves."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class SmokePage:
    """One request of a visitor.

    Attributes:
        name: What it is called in reports.
        path: Of the request.
        form: Fields to send by POST; None for a GET.
        status: Of a good answer.
        needs: The workloads without which there is no good answer, so that one proves that they were reached.
        order: Whether something is bought.
    """

    name: str
    path: str
    form: Mapping[str, str] | None = None
    status: int = 200
    needs: tuple[str, ...]
    order: bool = False

    @property
    def request(self) -> str:
        """The request in short, such as `GET /cart`."""
        return f"{'GET' if self.form is None else 'POST'} {self.path}"
