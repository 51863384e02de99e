"""A stand-in for the `aws` command: who one is, and what opens the cluster.

EKS gives a token; the lab knows its administrator by a certificate, which the same answer may hold.
"""

import base64
import json
import os
import sys
from pathlib import Path
from typing import Any

import yaml


def administrator() -> dict[str, str]:
    path = Path(os.environ["STANDIN_KUBECONFIG"])
    [entry] = yaml.safe_load(path.read_text())["users"]
    return {
        "clientCertificateData": base64.b64decode(entry["user"]["client-certificate-data"]).decode(),
        "clientKeyData": base64.b64decode(entry["user"]["client-key-data"]).decode(),
    }


if "get-caller-identity" in sys.argv:
    if os.environ.get("STANDIN_CREDENTIALS") == "expired":
        sys.exit(
            "An error occurred (ExpiredToken) when calling the GetCallerIdentity operation: "
            "The security token included in the request is expired"
        )
    answer: dict[str, Any] = {"UserId": "x", "Account": "123456789012", "Arn": "arn:aws:iam::123456789012:user/x"}
else:
    assert "get-token" in sys.argv
    version = "client.authentication.k8s.io/v1beta1"
    answer = {"kind": "ExecCredential", "apiVersion": version, "spec": {}, "status": administrator()}
sys.stdout.write(json.dumps(answer))
