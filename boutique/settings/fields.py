"""The kinds of value that a configuration holds, each with its own check and its own words for what is allowed."""

import os
import re
from collections.abc import Callable
from ipaddress import IPv4Network
from pathlib import Path
from typing import Annotated, TypeVar
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    PlainValidator,
    ValidationInfo,
)
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from boutique.names import image_reference
from boutique.names.image_reference import Reference
from boutique.settings.errors import nearest
from boutique.settings.quantities import Quantity

T = TypeVar("T")
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
WORKLOADS = "workloads"
"""The key of pydantic's validation context with the names of an application's workloads; without it any name is taken.
"""


def _workload(name: str, info: ValidationInfo) -> str:
    names = (info.context or {}).get(WORKLOADS)
    if names is not None and name not in names:
        hint = nearest(name, names)
        raise PydanticCustomError("workload", "there is no such service{hint}", {"hint": hint})
    return name


def _match(pattern: str, allowed: str, longest: int | None = None) -> AfterValidator:
    return AfterValidator(_checked(pattern, allowed, longest))


def _checked(pattern: str, allowed: str, longest: int | None = None) -> Callable[[str], str]:
    def check(text: str) -> str:
        if longest and len(text) > longest:
            raise ValueError(f"must have at most {longest} characters, this one has {len(text)}")
        if not re.fullmatch(pattern, text):
            raise ValueError(f"must be {allowed}")
        return text

    return check


def expand_variables(text: str) -> str:
    """Return a text with `${NAME}` replaced by environment variables.

    Raises:
        ValueError: One is not set.
    """
    unset = sorted({name for name in _VARIABLE.findall(text) if not os.environ.get(name)})
    if unset:
        raise ValueError(
            f"the environment variable {unset[0]} is not set; for a lab run "
            '`eval "$(boutique lab env)"`, else set it or write the value itself'
        )
    return _VARIABLE.sub(lambda match: os.environ[match[1]], text)


def _folder(text: str) -> str:
    path = Path(expand_variables(text))
    if not path.is_dir():
        raise ValueError(f"there is no folder {str(path)!r}")
    return str(path)


def existing_file(text: str) -> str:
    """Return the path of a file with its variables replaced.

    Raises:
        ValueError: There is no such file, or a variable is not set.
    """
    path = Path(expand_variables(text))
    if not path.is_file():
        raise ValueError(f"there is no file {str(path)!r}")
    return str(path)


def _api_server(text: str) -> str:
    allowed = "must be the address of an API server such as https://api.example.com:6443"
    # `urlsplit` takes some of them out.
    if not text.isascii() or not text.isprintable() or " " in text:
        raise ValueError(allowed)
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise ValueError(allowed) from None
    if "@" in parts.netloc:
        raise ValueError("must not hold a user or a password: deployers have a token")
    if parts.scheme != "https" or not host or port == 0 or parts.netloc.endswith(":"):
        raise ValueError(allowed)
    if not re.fullmatch(r"[A-Za-z0-9.-]+|[0-9a-fA-F:.]+", host):
        raise ValueError(allowed)
    if "?" in text or "#" in text or not re.fullmatch(r"(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*", parts.path):
        raise ValueError(f"{allowed}: no query, and a path without an empty part, '..' or a '/' at its end")
    return text


def parse_with(kind: type[T], parse: Callable[[str], T]) -> PlainValidator:
    """Return the validator of a field whose text is parsed once, when the configuration is loaded.

    Args:
        kind: What the text is parsed into.
        parse: Parses it, or raises a ValueError that says what is wrong.
    """

    def validate(value: object) -> T:
        if isinstance(value, kind):
            return value
        if not isinstance(value, str):
            raise PydanticCustomError("string_type", "must be text")
        return parse(value)

    return PlainValidator(validate, json_schema_input_type=str)


def _port(value: object) -> object:
    if isinstance(value, str) and _VARIABLE.fullmatch(value):
        text = expand_variables(value)
        return int(text) if text.isdecimal() else text
    return value


def _whole_number(value: object) -> object:
    # JSON has one kind of number: Pulumi may hand a whole number over as a float.
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _text(value: object) -> object:
    # YAML reads a number of pods without quotes as a number, a percentage as text.
    return str(value) if type(value) in (int, float) else value


def _quantity(pattern: str, allowed: str) -> PlainValidator:
    check = _checked(pattern, allowed)
    return parse_with(Quantity, lambda text: Quantity.parse(check(text)))


Number = Annotated[int, BeforeValidator(_whole_number)]
Count = Annotated[Number, Field(ge=1, le=100)]
Seconds = Annotated[Number, Field(ge=0, le=3600)]
WorkloadName = Annotated[str, AfterValidator(_workload)]
Tag = Annotated[str, AfterValidator(image_reference.check_tag)]
Repository = Annotated[str, AfterValidator(image_reference.check_repository)]
Digest = Annotated[str, AfterValidator(image_reference.check_digest)]
ImageReference = Annotated[Reference, parse_with(Reference, Reference.parse), PlainSerializer(str)]
Cpu = Annotated[
    Quantity,
    _quantity(r"0\.[0-9]*[1-9]|[1-9][0-9]{0,6}(m|\.[0-9]+)?", "cores such as 2, 0.5 or 100m"),
    BeforeValidator(_text, json_schema_input_type=str),
    PlainSerializer(str),
]
Memory = Annotated[
    Quantity,
    _quantity("[1-9][0-9]{0,6}(k|M|G|Ki|Mi|Gi)", "bytes such as 64Mi or 1Gi"),
    PlainSerializer(str),
]
DnsLabel = Annotated[
    str,
    _match("[a-z]([-a-z0-9]*[a-z0-9])?", "lower-case letters, digits and '-', start with a letter, not end in '-'", 63),
]
SecretName = Annotated[
    str,
    _match("[a-z0-9]([-.a-z0-9]*[a-z0-9])?", "the name of a Secret: lower-case letters, digits, '-' and '.'", 253),
]
ObjectName = Annotated[
    str,
    _match("[a-z0-9]([-.a-z0-9]*[a-z0-9])?", "the name of an object: lower-case letters, digits, '-' and '.'", 253),
]
CertificateArn = Annotated[
    str,
    _match(
        "arn:aws(-[a-z]+)*:acm:[a-z0-9-]+:[0-9]{12}:certificate/[0-9a-f-]+",
        "an ARN such as arn:aws:acm:eu-central-1:123456789012:certificate/<id>",
    ),
]
HostName = Annotated[
    str,
    _match(
        r"([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?\.)+[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?",
        "a DNS name in lower case such as shop.example.com",
        253,
    ),
]
ClusterDomain = Annotated[
    str,
    _match(
        r"([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?\.)*[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?",
        "a DNS domain in lower case, without a dot at its end, such as cluster.local",
        # What kubelets take: with `.svc.` and two labels before it, a name stays within 253 characters.
        120,
    ),
]
ServerName = Annotated[
    str,
    _match(
        r"([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?\.)*[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?",
        "a name in a certificate, in lower case, such as kubernetes or api.example.com",
        253,
    ),
]
Port = Annotated[Number, Field(ge=1, le=65535), BeforeValidator(_port)]
"""A port; `${NAME}` stands for an environment variable."""
VariableName = Annotated[
    str, _match("[A-Za-z_][A-Za-z0-9_]*", "the name of an environment variable: letters, digits and '_'")
]
FileName = Annotated[
    str, _match("[A-Za-z0-9_-][A-Za-z0-9._-]*", "the name of a file: letters, digits, '.', '_' and '-'", 253)
]
AbsolutePath = Annotated[str, _match("(/[^/:]+)+", "an absolute path such as /data, without ':' and '/' at its end")]
PortNumber = Annotated[Number, Field(ge=1, le=65535)]
PortName = Annotated[
    str,
    _match(
        "[a-z0-9-]*[a-z][a-z0-9-]*",
        "the name of a port: lower-case letters, digits and '-', at least one letter",
        15,
    ),
]


def _port_reference(value: object) -> int | str:
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 65535:
        return value
    if isinstance(value, str) and re.fullmatch("[a-z0-9-]{0,14}[a-z][a-z0-9-]{0,14}", value):
        return value
    raise ValueError("must be a port from 1 to 65535, or the name of one")


PortReference = Annotated[int | str, PlainValidator(_port_reference, json_schema_input_type=int | str)]
HeaderName = Annotated[str, _match("[A-Za-z0-9!#$%&'*+.^_`|~-]+", "the name of a cookie or header, without blanks")]
SecretKey = Annotated[str, _match("[A-Za-z_][A-Za-z0-9_-]*", "the name of a secret: letters, digits, '_' and '-'", 253)]
Surge = Annotated[
    str,
    BeforeValidator(_text),
    _match("[1-9][0-9]?%?|100%", "a whole number of pods from 1 to 99 or a percentage such as 25%"),
]
ExactVersion = Annotated[
    str, _match(r"[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?", "one exact version such as 1.31.1, no range")
]
HttpsAddress = Annotated[str, _match(r"https://[^\s/]+(/\S*)?", "an address that begins with https://")]
ApiServerAddress = Annotated[str, AfterValidator(_api_server)]
OciAddress = Annotated[str, _match(r"oci://[^\s/]+(/\S*[^\s/])?", "an address that begins with oci://")]
FolderPath = Annotated[str, AfterValidator(_folder)]
"""A folder that is there; `${NAME}` in its path is replaced by an environment variable."""
FilePath = Annotated[str, AfterValidator(existing_file)]
"""A file that is there; `${NAME}` in its path is replaced by an environment variable."""


def _network(text: str) -> IPv4Network:
    try:
        return IPv4Network(text)
    except ValueError:
        raise ValueError("must be a network such as 10.0.0.0/16, with no bits set behind the prefix") from None


def _digits(value: object) -> object:
    # `pulumi config set --path` makes a number of it.
    return f"{value:012}" if type(value) is int and value >= 0 else value


Cidr = Annotated[IPv4Network, parse_with(IPv4Network, _network), PlainSerializer(str)]
"""An IPv4 network."""
Region = Annotated[str, _match("[a-z]{2}(-[a-z]+)+-[1-9]", "a region of AWS such as eu-central-1")]
AccountId = Annotated[str, BeforeValidator(_digits), _match("[0-9]{12}", "the twelve digits of an AWS account")]
KubernetesVersion = Annotated[str, _match(r"1\.[0-9]{2}", "a minor version in quotes such as '1.36'")]
ZoneLetter = Annotated[str, _match("[a-z]", "the letter of an availability zone such as a")]
VpcId = Annotated[str, _match("vpc-[0-9a-f]+", "the id of a VPC such as vpc-0a1b2c3d")]
SubnetId = Annotated[str, _match("subnet-[0-9a-f]+", "the id of a subnet such as subnet-0a1b2c3d")]
RoleArn = Annotated[
    str,
    _match(
        "arn:aws(-[a-z]+)*:iam::[0-9]{12}:role/[A-Za-z0-9+=,.@_/-]+",
        "the ARN of an IAM role such as arn:aws:iam::123456789012:role/admin",
    ),
]
InstanceType = Annotated[str, _match(r"[a-z][a-z0-9-]*\.[a-z0-9-]+", "an instance type such as m6i.xlarge")]
AddonVersion = Annotated[
    str, _match(r"v[0-9]+\.[0-9]+\.[0-9]+-eksbuild\.[0-9]+", "a version of an add-on such as v1.14.3-eksbuild.16")
]
Names = Annotated[tuple[SecretName, ...], Field(strict=False)]


class Section(BaseModel):
    """What all sections share: no unknown keys, no silent conversion, no change after loading."""

    model_config = ConfigDict(
        defer_build=True,
        frozen=True,
        extra="forbid",
        strict=True,
        hide_input_in_errors=True,
        alias_generator=to_camel,
    )
