"""A rename is noticed before it replaces anything."""

import pulumi
import pytest

from tests.support.graph import urn_ledger
from tests.support.graph.cloud_answers import Cloud
from tests.support.graph.graph_recorder import Graph, record


def test_no_resource_of_a_committed_stack_is_lost(graph: Graph, stack: str) -> None:
    urns = urn_ledger.read(stack)
    assert urns, f"there is no ledger of {stack}; run `make ledger`"
    gone = urn_ledger.lost_urns(urns, graph)
    assert not gone, "add an alias, or remove the lines if the resources are meant to be deleted"


def build_graph(component: str, child: str, *, kind: str = "Shop", alias: pulumi.Alias | None = None) -> Graph:
    def program() -> None:
        opts = pulumi.ResourceOptions(aliases=[alias] if alias else [])
        parent = pulumi.ComponentResource(f"boutique:index:{kind}", component, None, opts)
        pulumi.ComponentResource("boutique:index:Part", child, None, pulumi.ResourceOptions(parent=parent))

    return record(program, Cloud(), stack="some", config={})


KNOWN = [resource.urn for resource in build_graph("shop", "shop-part").resources]


@pytest.mark.parametrize(
    ("now", "count"),
    [
        (build_graph("shop", "shop-part"), 0),
        (build_graph("store", "store-part"), 2),
        (build_graph("store", "store-part", alias=pulumi.Alias(name="shop")), 0),
        (build_graph("shop", "shop-part", kind="Store", alias=pulumi.Alias(type_="boutique:index:Shop")), 0),
        (build_graph("shop", "shop-piece"), 1),
    ],
    ids=["unchanged", "renamed", "renamed with an alias", "retyped with an alias", "a child renamed on its own"],
)
def test_what_the_engine_would_replace_is_lost(now: Graph, count: int) -> None:
    assert len(urn_ledger.lost_urns(KNOWN, now)) == count
