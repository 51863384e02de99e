"""Who may do what on AWS: how the entries of administrators are called, and whose pods get roles."""

from itertools import combinations

from boutique.eks import iam

ROLES = [
    "arn:aws:iam::111111111111:role/admin",
    "arn:aws:iam::222222222222:role/admin",
    "arn:aws:iam::111111111111:role/team/admin",
    "arn:aws:iam::111111111111:role/team-admin",
    "arn:aws:iam::111111111111:role/role/admin",
    "arn:aws-cn:iam::333333333333:role/admin",
]


def test_no_two_roles_share_an_access_entry() -> None:
    for first, other in combinations(ROLES, 2):
        assert iam.entry_name(first) != iam.entry_name(other), (first, other)


def test_pods_of_another_cluster_do_not_get_the_role_of_ones_own() -> None:
    # By the same tag AWS' policy for the storage driver tells whose volumes they are.
    scope = iam.Scope(region="eu-west-1", account="111111111111", cluster="boutique-prod")
    [statement] = iam.pod_trust(scope, "kube-system", "ebs-csi-controller-sa")["Statement"]
    assert statement["Condition"]["StringEquals"]["aws:RequestTag/eks-cluster-name"] == "boutique-prod"
