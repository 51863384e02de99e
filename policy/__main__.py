"""The rules as a policy pack: `pulumi preview --policy-pack policy`."""

from collections.abc import Callable, Mapping
from typing import Any

from pulumi_policy import (
    EnforcementLevel,
    PolicyPack,
    PolicyProviderResource,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)

from policy.graph import PolicyResource, PolicyRule
from policy.rules import RULES

Policy = ResourceValidationPolicy | StackValidationPolicy


def main() -> None:
    """Hand the rules to Pulumi."""
    PolicyPack("boutique", [*policies()])


def policies() -> list[Policy]:
    """Return the rules that Pulumi tells a policy pack enough for."""
    return [_policy(rule) for rule in RULES if not rule.marked]


def _policy(rule: PolicyRule) -> Policy:
    level = EnforcementLevel(rule.level)
    if rule.whole:
        return StackValidationPolicy(rule.name, rule.why, _of_the_stack(rule), level)
    return ResourceValidationPolicy(rule.name, rule.why, _of_one(rule), level)


def _of_one(rule: PolicyRule) -> Callable[[ResourceValidationArgs, ReportViolation], None]:
    def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
        one = _resource(args.resource_type, args.name, args.props, args.provider)
        for message in rule.check(one, [one]):
            report(message, None)

    return validate


def _of_the_stack(rule: PolicyRule) -> Callable[[StackValidationArgs, ReportViolation], None]:
    def validate(args: StackValidationArgs, report: ReportViolation) -> None:
        resources = [
            (resource.urn, _resource(resource.resource_type, resource.name, resource.props, resource.provider))
            for resource in args.resources
        ]
        for urn, one in resources:
            for message in rule.check(one, [other for _, other in resources]):
                report(message, urn)

    return validate


def _resource(
    of_type: str, name: str, inputs: Mapping[str, Any], provider: PolicyProviderResource | None
) -> PolicyResource:
    # A component has no provider at all, and its type is of this project or of a package of components.
    return PolicyResource(
        type=of_type,
        name=name,
        inputs=inputs,
        provider=provider.name if provider else "",
        custom=provider is not None,
    )


if __name__ == "__main__":
    main()
