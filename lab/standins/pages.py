"""The pages of a site: small, and readable without further explanation."""

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from html import escape

from lab.standins.answers import Pod
from lab.standins.headers import Received, read_baggage
from support.hops import Hop

_STYLE = """
body { font: 14px/1.5 system-ui, sans-serif; margin: 1.5rem 2rem; }
h1, h2 { margin: 1rem 0 .5rem; } table { border-collapse: collapse; } tr { border-bottom: 1px solid #ddd; }
td, th { text-align: left; padding: .15rem 1rem .15rem 0; vertical-align: top; overflow-wrap: anywhere; }
.path td, .path th { white-space: nowrap; }
.banner { background: #fe9; padding: .5rem 1rem; } .failed { color: #b00; }
"""


class RequestPage:
    """The page about one request."""

    def __init__(
        self,
        pod: Pod,
        request: Received,
        hops: Sequence[Hop],
        values: Mapping[str, object],
        *,
        banner: str | None = None,
        error: str | None = None,
    ) -> None:
        self._pod = pod
        self._request = request
        self._hops = hops
        self._values = values
        self._banner = banner
        self._error = error

    def json(self) -> str:
        """The page for machines."""
        content = {
            **vars(self._pod),
            "baggage": self._members(),
            "banner": self._banner,
            "error": self._error,
            "values": self._values,
            "hops": [vars(hop) for hop in self._hops],
        }
        return json.dumps(content, indent=1) + "\n"

    def html(self) -> str:
        """The page for people."""
        pod = self._pod
        title = f"{pod.workload} {pod.version}"
        banner = f'<p class="banner">{escape(self._banner)}</p>' if self._banner else ""
        error = f'<p class="failed">{escape(self._error)}</p>' if self._error else ""
        baggage = ", ".join(f"{name}={value}" for name, value in self._members().items()) or "none: the baseline"
        values = "".join(_row(name, _text(value)) for name, value in self._values.items())
        return (
            f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title>'
            f"<style>{_STYLE}</style>{banner}<h1>{escape(title)}</h1>{error}"
            f"<p>Served by the pod {escape(pod.pod)}. Baggage: {escape(baggage)}</p>{self._standin()}"
            f"<h2>The path of this request</h2><table class='path'>{self._path()}</table>"
            f"<h2>What it learnt</h2><table>{values}</table></html>\n"
        )

    def _standin(self) -> str:
        place = f" in place of the image <code>{escape(self._pod.image)}</code>" if self._pod.image else ""
        return f"<p>This is a stand-in{place}: docs/containers.md says how the lab runs images.</p>"

    def _members(self) -> dict[str, str]:
        return read_baggage(self._request.baggage or "")

    def _path(self) -> str:
        names = ("caller", "its account", "workload", "version", "pod", "call", "times", "baggage", "status")
        rows = [_row(*names, cell="th")]
        # Trace ids differ from request to request of the same load: without them equal hops fall together.
        counts = Counter(replace(hop, traceparent=None) for hop in self._hops)
        for hop, times in counts.items():
            caller = (hop.caller or "outside", _account(hop.identity or ""))
            callee = (hop.workload, hop.version or "", hop.pod or "", hop.call)
            rows.append(_row(*caller, *callee, str(times), hop.baggage or "", hop.status))
        return "".join(rows)


def _account(identity: str) -> str:
    """Return the namespace and the name of the ServiceAccount that a SPIFFE id of Istio is made from."""
    match = re.fullmatch(r"spiffe://[^/]+/ns/([^/]+)/sa/([^/]+)", identity)
    return "/".join(match.groups()) if match else identity


def _row(*texts: str, cell: str = "td") -> str:
    return "<tr>" + "".join(f"<{cell}>{escape(text)}</{cell}>" for text in texts) + "</tr>"


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)
