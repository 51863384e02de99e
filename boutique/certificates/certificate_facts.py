"""The model of a certificate's public facts; without the library that reads certificates, which takes long to load."""

from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AwareDatetime, ConfigDict, Field, PlainSerializer

from boutique.settings.fields import Section

_Moment = Annotated[AwareDatetime, Field(strict=False), PlainSerializer(datetime.isoformat)]
_Names = Annotated[tuple[str, ...], Field(strict=False)]


class CertificateFacts(Section):
    """What there is to know about a certificate; nothing in here is secret."""

    model_config = ConfigDict(validate_by_name=True)

    subject: str
    """Whom it is made out to."""
    names: _Names
    """The hosts that it is valid for."""
    issuers: _Names
    """Its issuer, that one's issuer, and so on, as far as the source tells."""
    not_before: _Moment
    """From when on it is valid."""
    not_after: _Moment
    """Until when."""
    key: str
    """The kind and the size of its key."""
    fingerprint: str
    """SHA-256 of the whole certificate, as browsers show it."""

    def days_left(self, now: datetime | None = None) -> int:
        """Return the whole days until it expires; negative if it has."""
        return (self.not_after - (now or datetime.now(UTC))).days

    def to_dict(self) -> dict[str, Any]:
        """Return the same as JSON holds it."""
        return self.model_dump(by_alias=True, mode="json")
