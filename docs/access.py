"""Writes the page of all identities and their rights: `make docs` runs it, and a test fails when it is stale."""

from collections.abc import Iterator
from pathlib import Path

from boutique.admission import channel, feature_policies, isolation, owner_policies
from boutique.application.application_file import load_application
from boutique.settings.cluster_dns import CLUSTER_DOMAIN
from boutique.settings.version_channel import Channel
from boutique.targets.rbac import DEPLOYER_RULES, FEATURES_RULES, RbacRule

TARGET = Path(__file__).parent / "generated/access.md"
INTRODUCTION = """# Who may do what

It is written by `make docs` from `boutique/targets/rbac.py` and the modules of `boutique/admission`; edit those.

Each target has two identities, ServiceAccounts in the namespace `deployers`, where no pod runs that could mount their
tokens. Their Roles hold in the target's namespace and nowhere else; there is no ClusterRole. A Role knows kinds and
names only: what it cannot say, a ValidatingAdmissionPolicy of the target does, and that is the cluster admin's.
"""

IDENTITIES = (
    ("<target>-deployer", "deploys the environment's stack", DEPLOYER_RULES),
    (
        "<target>-features",
        "deploys feature stacks; it does not exist where the channel accepts no features",
        FEATURES_RULES,
    ),
)


def document() -> str:
    """Return the whole page."""
    parts = [INTRODUCTION]
    for name, purpose, rules in IDENTITIES:
        rows = "\n".join(_rows(rules))
        parts.append(f"## `{name}`\n\nIt {purpose}.\n\n| group | resources | verbs |\n|---|---|---|\n{rows}\n")
    parts.append("## What the API server refuses beside\n\n| rule | applies to | message |\n|---|---|---|")
    parts.append("\n".join(_refusals()))
    parts.append("")
    return "\n".join(parts)


def _rows(rules: tuple[RbacRule, ...]) -> Iterator[str]:
    for rule in rules:
        yield f"| {rule.group or 'core'} | {', '.join(rule.resources)} | {', '.join(rule.verbs)} |"


def _refusals() -> Iterator[str]:
    application = load_application("online-boutique", Path(__file__).parents[1])
    workloads = application.workloads
    rules = {
        "owners": ("everybody", owner_policies.rule()),
        "secrets": ("both", channel.secrets(workloads)),
        **{
            name: ("both", rule)
            for name, rule in isolation.rules(
                "<target>", workloads, "<namespace>", cluster_domain=CLUSTER_DOMAIN, external=True
            ).items()
        },
        "channel": ("everybody but Kubernetes' controllers", channel.channel(Channel(), workloads)),
        **{
            name: ("`<target>-features`", rule)
            for name, rule in feature_policies.rules("<target>", application.entry, "<host>").items()
        },
    }
    for name, (audience, spec) in rules.items():
        for validation in spec["validations"]:
            message = validation.get("message") or validation["messageExpression"].rpartition(" + ")[2].strip("'\": ")
            yield f"| `{name}` | {audience} | {message} |"


if __name__ == "__main__":
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_text(document())
