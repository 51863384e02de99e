"""All rules."""

from policy.access import iam_actions, iam_resources, rbac_wildcards
from policy.cloud import cluster_endpoint, cluster_secrets, encrypted_volumes, instance_metadata
from policy.graph import Level, PolicyRule
from policy.objects import disruption_budget, explicit_provider, load_balancer, owner, secret_data
from policy.pods import container_resources, container_security, image_version, own_service_account

RULES = (
    PolicyRule(check=explicit_provider),
    PolicyRule(check=owner),
    PolicyRule(check=load_balancer),
    PolicyRule(check=secret_data, marked=True),
    PolicyRule(check=disruption_budget, whole=True),
    PolicyRule(check=container_resources),
    PolicyRule(check=container_security),
    PolicyRule(check=own_service_account, whole=True),
    PolicyRule(check=image_version),
    PolicyRule(check=rbac_wildcards),
    PolicyRule(check=iam_actions),
    PolicyRule(check=iam_resources, level=Level.ADVISORY),
    PolicyRule(check=cluster_endpoint),
    PolicyRule(check=cluster_secrets),
    PolicyRule(check=instance_metadata),
    PolicyRule(check=encrypted_volumes),
)
