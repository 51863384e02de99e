"""Writes who may do what in a target: `make docs` runs it, and a test fails when it is stale."""

from collections.abc import Iterator
from pathlib import Path

from boutique import admission, catalogue, featureadmission, isolation, owner_admission
from boutique.access import DEPLOYER_RULES, FEATURES_RULES, Rule
from boutique.channels import Channel
from boutique.cluster_dns import CLUSTER_DOMAIN

TARGET = Path(__file__).parent / "generated/access.md"
INTRODUCTION = """# Who may do what

It is written by `make docs` from `boutique/access.py`, `boutique/admission.py`, `boutique/owner_admission.py`,
`boutique/isolation` and `boutique/featureadmission.py`; edit those.

Each target has two identities, ServiceAccounts in the namespace `deployers`, where no pod runs that could mount their
tokens. Their Roles hold in the target's namespace and nowhere else; there is no ClusterRole. A Role knows kinds and
names only: what it cannot say, a ValidatingAdmissionPolicy of the target does, and that is the cluster admin's.
"""

IDENTITIES = (
    ("<target>-deployer", "deploys the environment's stack", DEPLOYER_RULES),
    (
        "<target>-features",
        "deploys feature stacks; there is none where the channel lets none in",
        FEATURES_RULES,
    ),
)


def document() -> str:
    """Return the whole page."""
    parts = [INTRODUCTION]
    for name, what, rules in IDENTITIES:
        rows = "\n".join(_rows(rules))
        parts.append(f"## `{name}`\n\nIt {what}.\n\n| group | resources | verbs |\n|---|---|---|\n{rows}\n")
    parts.append("## What the API server refuses beside\n\n| rule | for whom | what is said |\n|---|---|---|")
    parts.append("\n".join(_refusals()))
    parts.append("")
    return "\n".join(parts)


def _rows(rules: tuple[Rule, ...]) -> Iterator[str]:
    for rule in rules:
        yield f"| {rule.group or 'core'} | {', '.join(rule.resources)} | {', '.join(rule.verbs)} |"


def _refusals() -> Iterator[str]:
    rules = {
        "owners": ("everybody", owner_admission.rule()),
        "secrets": ("both", admission.secrets(catalogue.WORKLOADS)),
        **{
            name: ("both", each)
            for name, each in isolation.rules(
                "<target>", catalogue.WORKLOADS, "<namespace>", cluster_domain=CLUSTER_DOMAIN, external=True
            ).items()
        },
        "channel": ("everybody but Kubernetes' controllers", admission.channel(Channel(), catalogue.WORKLOADS)),
        **{name: ("`<target>-features`", each) for name, each in featureadmission.rules("<target>", "<host>").items()},
    }
    for name, (whom, spec) in rules.items():
        for each in spec["validations"]:
            said = each.get("message") or each["messageExpression"].rpartition(" + ")[2].strip("'\": ")
            yield f"| `{name}` | {whom} | {said} |"


if __name__ == "__main__":
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_text(document())
