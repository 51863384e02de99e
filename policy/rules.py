"""All rules."""

from policy.access import iam_actions, iam_resources, rbac_wildcards
from policy.cloud import cluster_endpoint, cluster_secrets, encrypted_volumes, instance_metadata
from policy.graph import Level, Rule
from policy.objects import disruption_budget, explicit_provider, load_balancer, owner, secret_data
from policy.pods import container_resources, container_security, image_version, own_service_account

RULES = (
    Rule(check=explicit_provider),
    Rule(check=owner),
    Rule(check=load_balancer),
    Rule(check=secret_data, marked=True),
    Rule(check=disruption_budget, whole=True),
    Rule(check=container_resources),
    Rule(check=container_security),
    Rule(check=own_service_account, whole=True),
    Rule(check=image_version),
    Rule(check=rbac_wildcards),
    Rule(check=iam_actions),
    Rule(check=iam_resources, level=Level.ADVISORY),
    Rule(check=cluster_endpoint),
    Rule(check=cluster_secrets),
    Rule(check=instance_metadata),
    Rule(check=encrypted_volumes),
)
