"""Whether AWS will be reached, asked before anything is planned."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Mapping

from boutique.settings.errors import ErrorLine

TIMEOUT_SECONDS = 30.0
_CLI = "https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html"

_UNREACHED = re.compile(
    "Could not connect to|Connect timeout on|Read timeout on|Failed to connect to proxy|Connection was closed|"
    "SSL validation failed|An HTTP Client|Invalid endpoint|Provided region_name"
)
"""What `aws` says before AWS has heard of the credentials: botocore/exceptions.py, and what it makes of a region."""

_INSTEAD: Mapping[str, str] = {
    "profile": "AWS_PROFILE",
    "accessKey": "AWS_ACCESS_KEY_ID",
    "secretKey": "AWS_SECRET_ACCESS_KEY",
    "token": "AWS_SESSION_TOKEN",
    "assumeRole": "AWS_PROFILE to a profile with `role_arn`",
    "assumeRoles": "AWS_PROFILE to a profile with `role_arn`",
    "assumeRoleWithWebIdentity": "AWS_ROLE_ARN and AWS_WEB_IDENTITY_TOKEN_FILE",
    "sharedConfigFiles": "AWS_CONFIG_FILE",
    "sharedCredentialsFiles": "AWS_SHARED_CREDENTIALS_FILE",
    "customCaBundle": "AWS_CA_BUNDLE",
    "httpsProxy": "HTTPS_PROXY",
    "noProxy": "NO_PROXY",
    "allowedAccountIds": "boutique:cluster.account",
}
"""What does the same as a key of `aws:`, for the program and for the tokens of the cluster."""


class AwsError(ValueError):
    """AWS cannot be reached with what this machine has; the text says what is missing and what to do."""


def check(region: str, account: str | None) -> str:
    """Return the account that the credentials are of.

    It is asked with the `aws` command, by which the kubeconfig of the cluster gets its tokens too.

    Args:
        region: Where to ask.
        account: The only account that is right; None takes any.

    Raises:
        AwsError: There is no `aws`, it does not reach AWS, there are no credentials or expired ones, or they are of
            another account.
    """
    if shutil.which("aws") is None:
        raise AwsError(
            "there is no `aws` on PATH; boutique:cluster {kind: eks} needs the AWS CLI, which gets the tokens for the "
            f"cluster: {_CLI}"
        )
    answer = _caller_identity(region)
    try:
        current_account = str(json.loads(answer)["Account"])
    except (ValueError, KeyError, TypeError):
        raise AwsError(
            f"`aws sts get-caller-identity` answers {answer.strip()[:100]!r}, which is no answer of AWS"
        ) from None
    if account and current_account != account:
        raise AwsError(
            f"boutique:cluster.account: {account!r}: the AWS credentials are of account {current_account!r}; "
            "set AWS_PROFILE to a profile of the right one"
        )
    return current_account


def ineffective_settings(keys: Iterable[str]) -> Iterator[ErrorLine]:
    """Return a line for each key of `aws:` in a stack's configuration that would have no effect.

    Their values are not asked for: some are secret, and some of those are kept in clear.

    Args:
        keys: Without the namespace.
    """
    for key in sorted({*keys} - {"region"}):
        instead = f", and set {_INSTEAD[key]}" if key in _INSTEAD else ""
        yield ErrorLine(
            "key-not-read",
            f"aws:{key}: is not read: of `aws:` only the region is, so that Pulumi and the tokens of the cluster have "
            f"the same credentials, those of the environment; run `pulumi config rm aws:{key}`{instead}",
        )


def _caller_identity(region: str) -> str:
    try:
        done = subprocess.run(
            ["aws", "sts", "get-caller-identity", "--region", region, "--output", "json"],
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise _unreachable_error(region, f"no answer in {TIMEOUT_SECONDS:.0f} s") from None
    except OSError as error:
        raise AwsError(f"`aws` cannot be run: {error}; install the AWS CLI anew: {_CLI}") from None
    if done.returncode != 0:
        last = next(reversed(done.stderr.strip().splitlines()), f"`aws` ended with {done.returncode}")
        message = last.rstrip(".")
        if _UNREACHED.search(message):
            raise _unreachable_error(region, message)
        raise AwsError(
            f"AWS does not take the credentials: {message}; for new credentials run `aws sso login` or `aws login`, or "
            "set AWS_PROFILE, or AWS_ACCESS_KEY_ID with what belongs to it; `aws sts get-caller-identity` says whether "
            "they are taken"
        )
    return done.stdout


def _unreachable_error(region: str, message: str) -> AwsError:
    return AwsError(
        f"AWS was not reached in {region}: {message}; check that this is a region of AWS (boutique:cluster.region, or "
        "aws:region), and that this machine has a way there (network, HTTPS_PROXY, AWS_CA_BUNDLE)"
    )
