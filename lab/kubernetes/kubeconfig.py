"""Writes kubeconfigs for kubectl, Pulumi and the components."""

import base64
from pathlib import Path

import yaml

from lab.kubernetes import certificates
from support.certificate_issuing import split_pem
from support.files import replace_file

CONTEXT = "boutique-lab"


def write(path: Path, server: str, pki: Path, certificate: str) -> None:
    """Write a kubeconfig that holds everything it needs, readable by its owner only.

    Args:
        path: The file to write; left alone if it already says so.
        server: The URL of the API server as its user sees it.
        pki: The folder of the certificates.
        certificate: The name of the user's certificate in it.
    """
    client, key = split_pem((pki / certificate).read_text())
    authority = (pki / certificates.AUTHORITY_FILE).read_text()
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": CONTEXT,
        "clusters": [{"name": CONTEXT, "cluster": {"server": server, "certificate-authority-data": _data(authority)}}],
        "users": [
            {"name": CONTEXT, "user": {"client-certificate-data": _data(client), "client-key-data": _data(key)}},
        ],
        "contexts": [{"name": CONTEXT, "context": {"cluster": CONTEXT, "user": CONTEXT}}],
    }
    text = yaml.safe_dump(content, sort_keys=False)
    if not path.exists() or path.read_text() != text:
        replace_file(path, text)


def _data(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
