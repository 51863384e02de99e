"""The VPC that a cluster is in."""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network

import pulumi
from pulumi_aws import ec2

from boutique.eks.network import Zone

_ANYWHERE = "0.0.0.0/0"
_FOR_BALANCERS = {"private": "kubernetes.io/role/internal-elb", "public": "kubernetes.io/role/elb"}
"""How the AWS Load Balancer Controller finds the subnets for a load balancer."""


@dataclass(frozen=True, kw_only=True)
class Subnets:
    """Where a cluster is.

    Attributes:
        vpc: The VPC.
        private: For nodes, one in each zone.
        public: For load balancers that the internet reaches.
        way_out: What nodes need to reach the internet; nothing if the VPC was there before.
    """

    vpc: pulumi.Input[str]
    private: Sequence[pulumi.Input[str]]
    public: Sequence[pulumi.Input[str]]
    way_out: Sequence[pulumi.Resource] = ()


@dataclass(frozen=True, kw_only=True)
class NetworkArgs:
    """What a `Network` needs to know.

    Attributes:
        cidr: Its addresses.
        zones: How they are divided.
        region: Where it is.
        single_nat: Whether all zones share the way out of the first.
        vpc_name: What its parts are called in the console of AWS.
    """

    cidr: IPv4Network
    zones: Sequence[Zone]
    region: str
    single_nat: bool
    vpc_name: str


class Network(pulumi.ComponentResource):
    """A VPC with a private and a public subnet in each zone, and a way out for what is private.

    Attributes:
        subnets: What a cluster needs to know of it.
    """

    subnets: Subnets

    def __init__(self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("boutique:index:Network", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        tags = {"Name": args.vpc_name}

        vpc = ec2.Vpc(
            name, cidr_block=str(args.cidr), enable_dns_hostnames=True, enable_dns_support=True, tags=tags, opts=child
        )
        # The group that a VPC comes with allows everything to everyone; without rules it allows nothing.
        ec2.DefaultSecurityGroup(name, vpc_id=vpc.id, tags=tags, opts=child)
        gateway = ec2.InternetGateway(name, vpc_id=vpc.id, tags=tags, opts=child)
        to_internet = ec2.RouteTableRouteArgs(cidr_block=_ANYWHERE, gateway_id=gateway.id)
        open_table = ec2.RouteTable(
            f"{name}-public", vpc_id=vpc.id, routes=[to_internet], tags={"Name": f"{args.vpc_name}-public"}, opts=child
        )
        public: list[ec2.Subnet] = []
        private: list[ec2.Subnet] = []
        way_out: list[pulumi.Resource] = []
        nat: ec2.NatGateway | None = None
        for zone in args.zones:
            outside = _subnet(name, "public", zone.letter, zone.public, vpc, args, child)
            joined = _associate(f"{name}-public-{zone.letter}", outside, open_table, child)
            if nat is None or not args.single_nat:
                nat = _nat(f"{name}-{zone.letter}", zone.letter, outside, [gateway, joined], args, self)
            inside = _subnet(name, "private", zone.letter, zone.private, vpc, args, child)
            through_nat = ec2.RouteTableRouteArgs(cidr_block=_ANYWHERE, nat_gateway_id=nat.id)
            table_name = f"private-{zone.letter}"
            table = ec2.RouteTable(
                f"{name}-{table_name}",
                vpc_id=vpc.id,
                routes=[through_nat],
                tags={"Name": f"{args.vpc_name}-{table_name}"},
                opts=child,
            )
            way_out.append(_associate(f"{name}-{table_name}", inside, table, child))
            public.append(outside)
            private.append(inside)
        self.subnets = Subnets(
            vpc=vpc.id,
            private=[subnet.id for subnet in private],
            public=[subnet.id for subnet in public],
            way_out=way_out,
        )
        self.register_outputs({"vpc": vpc.id})


def _subnet(
    name: str,
    kind: str,
    letter: str,
    cidr: IPv4Network,
    vpc: ec2.Vpc,
    args: NetworkArgs,
    opts: pulumi.ResourceOptions,
) -> ec2.Subnet:
    return ec2.Subnet(
        f"{name}-{kind}-{letter}",
        vpc_id=vpc.id,
        cidr_block=str(cidr),
        availability_zone=f"{args.region}{letter}",
        tags={"Name": f"{args.vpc_name}-{kind}-{letter}", _FOR_BALANCERS[kind]: "1"},
        opts=opts,
    )


def _associate(
    name: str, subnet: ec2.Subnet, table: ec2.RouteTable, opts: pulumi.ResourceOptions
) -> ec2.RouteTableAssociation:
    return ec2.RouteTableAssociation(name, subnet_id=subnet.id, route_table_id=table.id, opts=opts)


def _nat(
    name: str,
    letter: str,
    subnet: ec2.Subnet,
    after: Sequence[pulumi.Resource],
    args: NetworkArgs,
    parent: pulumi.Resource,
) -> ec2.NatGateway:
    """Create a NAT in a public subnet; it works only once that is connected with the internet."""
    tags = {"Name": f"{args.vpc_name}-{letter}"}
    address = ec2.Eip(name, domain="vpc", tags=tags, opts=pulumi.ResourceOptions(parent=parent))
    return ec2.NatGateway(
        name,
        allocation_id=address.id,
        subnet_id=subnet.id,
        tags=tags,
        opts=pulumi.ResourceOptions(parent=parent, depends_on=after),
    )
