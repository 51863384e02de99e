"""The pages of an application that a smoke test asks for."""

from typing import Annotated

from pydantic import Field

from boutique.settings.fields import DnsLabel, Number, Section


class SmokePage(Section):
    """One request of a smoke test; cookies go from each page to the next."""

    name: Annotated[str, Field(min_length=1)]
    """What it is called in reports."""
    path: Annotated[str, Field(pattern="^/")]
    """The path of the request."""
    form: dict[str, str] | None = None
    """Fields to send by POST; without it the request is a GET."""
    status: Annotated[Number, Field(ge=100, le=599)] = 200
    """The status of a good answer."""
    requires: Annotated[tuple[DnsLabel, ...], Field(strict=False)] = ()
    """The workloads without which there is no good answer, so that one proves that they were reached."""
    order: bool = False
    """Whether it leaves something behind, such as an order: left out unless the test is asked for it."""

    @property
    def request(self) -> str:
        """The request in short, such as `GET /cart`."""
        return f"{'GET' if self.form is None else 'POST'} {self.path}"
