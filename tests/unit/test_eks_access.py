"""Who may do what on AWS: how the entries of administrators are called, and what storage may be touched."""

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
    for one, other in combinations(ROLES, 2):
        assert iam.entry_name(one) != iam.entry_name(other), (one, other)


def test_the_storage_driver_touches_volumes_of_its_own_cluster_only() -> None:
    scope = iam.Scope(region="eu-west-1", account="111111111111", cluster="boutique-prod")
    assert scope.managed(iam.STORAGE_POLICY) == "arn:aws:iam::aws:policy/AmazonEBSCSIDriverEKSClusterScopedPolicy"
    # The tag that the policy compares with is given to sessions of this cluster's pods alone.
    [statement] = iam.pod_trust(scope, "kube-system", "ebs-csi-controller-sa")["Statement"]
    assert statement["Condition"]["StringEquals"]["aws:RequestTag/eks-cluster-name"] == "boutique-prod"
