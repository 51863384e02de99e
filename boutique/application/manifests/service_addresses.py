"""Finds the addresses of Services in texts: in environment variables, arguments and files."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from boutique.application.manifests.service_pairs import ServicePair

_ADDRESS_WORDS = re.compile(
    r"(^|_)(ADDR|ADDRESS|API|BASE|BROKER|BROKERS|ENDPOINT|GATEWAY|HOST|HOSTNAME|HOSTS|PEER|PROXY|SERVER|SERVERS|SERVICE"
    r"|SVC|TARGET|UPSTREAM|URI|URL)(_|$|[0-9])"
)
"""In the name of a variable: its value is an address, even if it is one word."""
_BEFORE = r"""(?P<before>^|://|[@,;=\s"'(\[])"""
_AFTER = r"""(?=$|[/?,;\s"')\]]|\.$)"""


@dataclass(frozen=True, kw_only=True)
class ServiceAddress:
    """An address in a text.

    Attributes:
        workload: The workload behind the Service.
        service: The Service's name.
        start: Where the address begins in the text.
        end: Where it ends, its port included.
        port: The port; None without one.
        scheme: What stands before `://`; empty without one.
    """

    workload: str
    service: str
    start: int
    end: int
    port: int | None
    scheme: str


@dataclass(frozen=True)
class ServiceAddresses:
    """The addresses of Services.

    Attributes:
        pairs: The workloads with their Services.
        namespace: The namespace of the manifests; None where none names one.
    """

    pairs: tuple[ServicePair, ...]
    namespace: str | None

    @cached_property
    def _workloads(self) -> Mapping[str, str]:
        return {address: pair.name for pair in self.pairs for address in pair.addresses}

    @cached_property
    def _ports(self) -> Mapping[str, set[int]]:
        return {
            pair.name: {port.get("port") for port in (pair.service.spec.get("ports") or ())} if pair.service else set()
            for pair in self.pairs
        }

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        names = "|".join(sorted(map(re.escape, self._workloads), key=len, reverse=True))
        namespace = re.escape(self.namespace) if self.namespace else r"[a-z0-9-]+"
        inner = rf"\.{namespace}\.svc(?:\.[a-z0-9-]+)*\.?|\.svc" + (rf"|\.{namespace}" if self.namespace else "")
        return re.compile(rf"{_BEFORE}(?P<name>{names or '(?!)'})(?P<domain>{inner})?(?::(?P<port>[0-9]+))?{_AFTER}")

    def find(self, text: str, *, is_address: bool = False) -> Iterator[ServiceAddress]:
        """Yield each address of a Service in a text.

        Args:
            text: The text.
            is_address: Whether the text is known to be an address, so that a name alone is one.
        """
        for match in self._pattern.finditer(text):
            alone = match.start("name") == 0 and match.end() == len(text)
            before = match["before"]
            is_url = before in ("://", "@")
            port = int(match["port"]) if match["port"] else None
            if not (port or match["domain"] or is_url or (alone and is_address)):
                continue
            workload = self._workloads[match["name"]]
            if port and port not in self._ports[workload]:
                continue
            scheme = re.search(r"([a-z0-9+.-]+)$", text[: match.start()]) if before == "://" else None
            yield ServiceAddress(
                workload=workload,
                service=match["name"],
                start=match.start("name"),
                end=match.end(),
                port=port,
                scheme=scheme[1] if scheme else "",
            )

    def is_bare_name(self, text: str) -> bool:
        """Tell whether a text is the name of a Service and nothing else."""
        return text in self._workloads

    def template(self, variable: str, value: str, caller: str) -> tuple[str, tuple[str, ...]]:
        """Return a variable's value with braces around workloads, and the workloads.

        Both are empty where it holds no address of another workload.
        """
        addresses = [
            address
            for address in self.find(value, is_address=bool(_ADDRESS_WORDS.search(variable.upper())))
            if address.workload != caller
        ]
        for address in reversed(addresses):
            port = f":{address.port}" if address.port else ""
            value = f"{value[: address.start]}{{{address.workload}}}{port}{value[address.end :]}"
        return (value if addresses else ""), tuple(dict.fromkeys(address.workload for address in addresses))

    def shorten(self, text: str) -> str:
        """Return a text with the names of Services in place of their names with namespace and domain."""
        for address in reversed(list(self.find(text))):
            port = f":{address.port}" if address.port else ""
            text = f"{text[: address.start]}{address.service}{port}{text[address.end :]}"
        return text

    def callees(self, texts: Iterable[str], caller: str) -> list[str]:
        """Return the workloads whose addresses are in texts, such as arguments and files."""
        callees = (address.workload for text in texts for address in self.find(text))
        return [name for name in dict.fromkeys(callees) if name != caller]
