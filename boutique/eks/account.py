"""Whether AWS will be reached, asked before anything is planned."""

import json
import shutil
import subprocess

TIMEOUT_SECONDS = 30.0
_CLI = "https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html"


class AwsError(ValueError):
    """AWS cannot be reached with what this machine has; the text says what is missing and what to do."""


def check(region: str, account: str | None) -> None:
    """Ask AWS who we are, with the `aws` command: the kubeconfig of the cluster gets its tokens by it too.

    Args:
        region: Where to ask.
        account: The only account that is right; None takes any.

    Raises:
        AwsError: There is no `aws`, there are no credentials or expired ones, or they are of another account.
    """
    if shutil.which("aws") is None:
        raise AwsError(
            "there is no `aws` on PATH; boutique:cluster {kind: eks} needs the AWS CLI, which gets the tokens for the "
            f"cluster: {_CLI}"
        )
    answer = _asked(region)
    try:
        found = str(json.loads(answer)["Account"])
    except (ValueError, KeyError, TypeError):
        raise AwsError(
            f"`aws sts get-caller-identity` answers {answer.strip()[:100]!r}, which is no answer of AWS"
        ) from None
    if account and found != account:
        raise AwsError(
            f"boutique:cluster.account: {account!r}: the AWS credentials are of account {found!r}; "
            "set AWS_PROFILE to a profile of the right one"
        )


def _asked(region: str) -> str:
    remedy = (
        "for new credentials run `aws sso login` or `aws login`, or set AWS_PROFILE, or AWS_ACCESS_KEY_ID with what "
        "belongs to it; `aws sts get-caller-identity` says whether they are taken"
    )
    try:
        done = subprocess.run(
            ["aws", "sts", "get-caller-identity", "--region", region, "--output", "json"],
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        late = isinstance(error, subprocess.TimeoutExpired)
        reason = f"no answer in {TIMEOUT_SECONDS:.0f} s" if late else str(error)
        raise AwsError(f"AWS was not reached: {reason}; {remedy}") from None
    if done.returncode != 0:
        said = next(reversed(done.stderr.strip().splitlines()), f"`aws` ended with {done.returncode}")
        raise AwsError(f"AWS does not take the credentials: {said.rstrip('.')}; {remedy}")
    return done.stdout
