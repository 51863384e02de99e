"""Deploys a feature for a pull request: the versions that its branch changes in the file of an environment.

Writes a comment, for `sticky_comments.py` to put on the pull request.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from boutique.routing import route_table
from ops.features.identity import identity
from ops.pulumi.stack_application import application_of
from ops.pulumi.workspace import project
from ops.reviews.markdown import block, code, header, row
from support.errors import UserError

MARKER = "<!-- boutique-feature link -->"


class CommandError(Exception):
    """A command has failed; the message is its output."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Deploy the feature of a branch, or remove it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("action", choices=["up", "down"])
    parser.add_argument("--env", required=True, help="the environment's stack, such as dev")
    parser.add_argument("--branch", required=True, help="the branch of the pull request")
    parser.add_argument("--base", help="the commit to compare the branch with; for up")
    parser.add_argument("--secrets-provider", help="of the feature's stack, as for `pulumi stack init`; for up")
    parser.add_argument("--comment", required=True, type=Path, help="the file to write the comment to")
    options = parser.parse_args(arguments)
    if options.action == "up" and not options.base:
        parser.error("up needs --base")
    try:
        comment = (
            _up(options.env, options.branch, options.base, options.secrets_provider)
            if options.action == "up"
            else _down(options.env, options.branch)
        )
    except (CommandError, UserError) as error:
        print(f"error: {error}", file=sys.stderr)
        _write(options.comment, f"### Feature {code(options.branch)}: failed\n\n{block(str(error))}")
        return 1
    _write(options.comment, comment)
    return 0


def _up(env: str, branch: str, base: str, secrets_provider: str | None) -> str:
    changed: Mapping[str, str] = json.loads(_boutique("review", "versions", env, f"--base={base}", "--json"))
    application = application_of(project(), env)
    shared = sorted(set(changed) - {service.service for service in route_table.services(application.workloads)})
    versions = {name: version for name, version in changed.items() if name not in shared}
    if not versions:
        _remove(env, branch)
        example = f"boutique release set {env} --service {application.entry.workload}=0.10.7-my-branch.1"
        return (
            f"### Feature {code(branch)}: nothing to deploy\n\nThis branch gives no service of {code(env)} another "
            f"version: change {code('boutique:release')} in {code(f'Pulumi.{env}.yaml')}, such as by {code(example)}."
        )
    services = [f"--service={name}={version}" for name, version in versions.items()]
    provider = [f"--secrets-provider={secrets_provider}"] if secrets_provider else []
    feature = json.loads(_boutique("feature", "up", f"--env={env}", *services, *provider, "--json", "--", branch))
    lines = [row(code(name), code(version)) for name, version in feature["services"].items()]
    until = f" It lives until {feature['expires']}, and every push renews it." if feature["expires"] else ""
    return "\n".join(
        [
            f"### Feature {code(branch)}: <{feature['url']}>",
            "",
            header("service", "version"),
            *lines,
            "",
            f"Everything else is that of {code(env)}{_shared_note(shared)}.{until} "
            "It ends with the label, or with the pull request.",
        ]
    )


def _shared_note(shared: Sequence[str]) -> str:
    names = ", ".join(map(code, shared))
    return f", also {names}, whose calls cannot be distinguished" if shared else ""


def _down(env: str, branch: str) -> str:
    existed = _remove(env, branch)
    return f"### Feature {code(branch)}: {'removed' if existed else 'no such feature'}"


def _remove(env: str, branch: str) -> bool:
    """Remove the feature; return whether it existed."""
    key = identity(project(), branch, env).key
    if not any(feature["key"] == key for feature in json.loads(_boutique("feature", "list", f"--env={env}", "--json"))):
        return False
    _boutique("feature", "down", f"--env={env}", "--", branch)
    return True


def _write(file: Path, comment: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"{MARKER}\n{comment}\n")


def _boutique(*arguments: str) -> str:
    process = subprocess.run(["boutique", *arguments], capture_output=True, text=True, check=False)
    sys.stderr.write(process.stderr)
    if process.returncode:
        raise CommandError(process.stderr.strip().removeprefix("error: ") or f"it ended with {process.returncode}")
    return process.stdout


if __name__ == "__main__":
    sys.exit(main())
