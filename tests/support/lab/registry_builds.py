"""What the tests' registries hold: releases, builds of two branches, and tags that are no versions."""

LOOSE = ("latest", "1.2", "main", "sha-abc123", "0.10.7-new_ads.9", "V0.11.0", "01.2.3", "nightly-20261126")
BUILDS = (
    *(f"0.10.{number}" for number in range(7)),
    *(f"0.10.7-new-ads.{number}" for number in range(1, 121)),
    *(f"0.10.7-other.{number}" for number in range(1, 121)),
)
PUBLISHED = {
    "adservice": ("v0.10.6", *LOOSE, *BUILDS),
    "frontend": ("v0.10.6", "0.10.7-new-ads.2", "0.10.7-new-ads.10", "0.10.6-new-ads.11"),
    "checkoutservice": ("v0.10.6", "0.10.5-new-ads.4"),
    "currencyservice": ("v0.10.6", "latest", "0.10.8-rc.1", "v0.10.7"),
}
"""Tags by service; the others have the release alone."""
