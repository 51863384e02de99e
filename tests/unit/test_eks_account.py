"""What is said when AWS cannot be reached."""

from pathlib import Path

import pytest

from boutique.eks import account
from boutique.eks.account import AwsError

ANSWER = 'echo \'{"UserId": "x", "Account": "123456789012", "Arn": "arn:aws:iam::123456789012:user/x"}\''


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The place of an `aws` that nothing else is beside."""
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return tmp_path / "aws"


def write(cli: Path, script: str) -> None:
    cli.write_text(f"#!/bin/sh\n{script}\n")
    cli.chmod(0o755)


def test_credentials_that_are_taken_pass_and_the_right_region_is_asked(cli: Path) -> None:
    write(cli, f'echo "$*" > {cli.parent}/asked; {ANSWER}')
    for wanted in (None, "123456789012"):
        assert account.check("eu-central-1", wanted) == "123456789012"
    assert (cli.parent / "asked").read_text().split() == [
        *("sts", "get-caller-identity", "--region", "eu-central-1", "--output", "json")
    ]


def test_a_missing_cli_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(AwsError, match=r"there is no `aws` on PATH; boutique:cluster \{kind: eks\} needs the AWS CLI"):
        account.check("eu-central-1", None)


@pytest.mark.parametrize(
    "message",
    [
        'Unable to locate credentials. You can configure credentials by running "aws login".',
        "An error occurred (ExpiredToken) when calling the GetCallerIdentity operation: The security token is expired",
    ],
)
def test_what_aws_says_is_shown_with_the_remedy(cli: Path, message: str) -> None:
    write(cli, f"printf '\\n%s\\n' '{message}' >&2; exit 253")
    with pytest.raises(AwsError) as caught:
        account.check("eu-central-1", None)
    assert str(caught.value).startswith(
        f"AWS does not take the credentials: {message.rstrip('.')}; for new credentials run `aws sso"
    )


# What botocore says, each with what made it say so.
@pytest.mark.parametrize(
    "message",
    [
        'Could not connect to the endpoint URL: "https://sts.eu-centrl-1.amazonaws.com/"',
        'aws: [ERROR]: Could not connect to the endpoint URL: "https://sts.eu-centrl-1.amazonaws.com/"',
        "Invalid endpoint: https://sts..amazonaws.com",
        "Provided region_name eu centrl does not match a supported format.",
        'Connect timeout on endpoint URL: "https://sts.eu-centrl-1.amazonaws.com/"',
        'Read timeout on endpoint URL: "https://sts.eu-centrl-1.amazonaws.com/"',
        'Failed to connect to proxy URL: "http://proxy.example.org:3128"',
        'Connection was closed before we received a valid response from endpoint URL: "https://sts.x.amazonaws.com/".',
        "SSL validation failed for https://sts.eu-centrl-1.amazonaws.com/ [SSL: CERTIFICATE_VERIFY_FAILED]",
        "An HTTP Client raised an unhandled exception: Not supported proxy scheme socks",
    ],
)
def test_an_aws_that_is_not_reached_is_not_told_as_one_that_refuses_the_credentials(cli: Path, message: str) -> None:
    write(cli, f"printf '\\n%s\\n' '{message}' >&2; exit 255")
    with pytest.raises(AwsError) as caught:
        account.check("eu-centrl-1", None)
    assert str(caught.value).startswith(f"AWS was not reached in eu-centrl-1: {message.rstrip('.')}; check that ")
    assert "boutique:cluster.region" in str(caught.value)
    assert "credentials" not in str(caught.value)


def test_an_aws_that_cannot_be_started_is_named(cli: Path) -> None:
    cli.write_bytes(b"no program")
    cli.chmod(0o755)
    with pytest.raises(AwsError, match=r"`aws` cannot be run: .*; install the AWS CLI anew: https://"):
        account.check("eu-central-1", None)


def test_another_account_is_refused(cli: Path) -> None:
    write(cli, ANSWER)
    with pytest.raises(
        AwsError, match=r"boutique:cluster\.account: '210987654321': the AWS credentials are of account"
    ):
        account.check("eu-central-1", "210987654321")


@pytest.mark.parametrize("script", ["exit 1", "kill -9 $$"])
def test_an_aws_that_says_nothing_is_named_too(cli: Path, script: str) -> None:
    write(cli, script)
    with pytest.raises(AwsError, match=r"`aws` ended with -?[0-9]+; for new credentials"):
        account.check("eu-central-1", None)


def test_an_answer_that_never_comes_is_not_waited_for(cli: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(cli, "exec sleep 60")
    monkeypatch.setattr(account, "TIMEOUT_SECONDS", 0.2)
    with pytest.raises(AwsError, match=r"AWS was not reached in eu-central-1: no answer in .*; check that "):
        account.check("eu-central-1", None)


def test_an_answer_that_is_none_is_refused(cli: Path) -> None:
    write(cli, "echo hello")
    with pytest.raises(AwsError, match="`aws sts get-caller-identity` answers 'hello'"):
        account.check("eu-central-1", None)


@pytest.mark.parametrize(
    ("key", "remedy"),
    [
        ("profile", "run `pulumi config rm aws:profile`, and set AWS_PROFILE"),
        ("secretKey", "run `pulumi config rm aws:secretKey`, and set AWS_SECRET_ACCESS_KEY"),
        ("assumeRoles", "run `pulumi config rm aws:assumeRoles`, and set AWS_PROFILE to a profile with `role_arn`"),
        ("allowedAccountIds", "run `pulumi config rm aws:allowedAccountIds`, and set boutique:cluster.account"),
        ("maxRetries", "run `pulumi config rm aws:maxRetries`"),
    ],
)
def test_a_key_for_aws_that_nothing_reads_is_named_with_what_does_the_same(key: str, remedy: str) -> None:
    [line] = account.ineffective_settings(["region", key])
    assert (line.key, line.code) == (f"aws:{key}", "key-not-read")
    assert line.startswith(f"aws:{key}: is not read: ")
    assert line.endswith(f"; {remedy}")


def test_the_region_is_read() -> None:
    assert list(account.ineffective_settings(["region"])) == []
