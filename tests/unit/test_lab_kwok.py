from pathlib import Path

import pytest
import yaml

from lab.kubernetes import kwok

SHIPPED = """
kind: Stage
metadata: {{name: {name}}}
spec: {{resourceRef: {{kind: {kind}}}, selector: {{matchExpressions: [{{key: .a, operator: Exists}}]}}}}
"""


@pytest.fixture
def stages(tmp_path: Path) -> Path:
    for name in kwok.STAGES:
        (tmp_path / f"{name}.yaml").write_text(SHIPPED.format(name=name, kind=name.partition("-")[0].title()))
    return tmp_path


def test_own_stage_does_not_cost_the_shipped_ones(stages: Path) -> None:
    documents = list(yaml.safe_load_all(kwok.configuration(stages, "v1.36.3")))
    names = [document["metadata"]["name"] for document in documents if document["kind"] == "Stage"]
    assert names == [*kwok.STAGES, "service-load-balancer"]


def test_kwok_plays_only_the_pods_that_are_handed_to_it(stages: Path) -> None:
    documents = list(yaml.safe_load_all(kwok.configuration(stages, "v1.36.3")))
    selectors = {
        document["metadata"]["name"]: document["spec"]["selector"]["matchExpressions"]
        for document in documents
        if document["kind"] == "Stage" and document["spec"]["resourceRef"]["kind"] == "Pod"
    }
    assert set(selectors) == {"pod-ready", "pod-complete", "pod-delete"}
    for expressions in selectors.values():
        condition = expressions[-1]
        assert (condition["operator"], condition["values"]) == ("In", ["kwok"])
        assert '.metadata.annotations["boutique.dev/lab-runner"]' in condition["key"]


def test_no_parallelism_is_left_at_zero(stages: Path) -> None:
    options = next(yaml.safe_load_all(kwok.configuration(stages, "v1.36.3")))["options"]
    # The fields of kwok's KwokConfigurationOptions whose name ends so.
    wanted = {
        "podPlayStageParallelism",
        "nodePlayStageParallelism",
        "nodeLeaseParallelism",
        "podsOnNodeSyncParallelism",
    }
    assert {name for name, value in options.items() if name.endswith("Parallelism") and value > 0} == wanted
