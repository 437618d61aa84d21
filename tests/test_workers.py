"""Who takes part in a run: --workers, TF_CONFIG, and the variables of Slurm."""

import json

import pytest

from nmt.config import TrainingConfig
from nmt.errors import ConfigError
from nmt.recipes import find_workers
from nmt.workers import Workers, parse_workers, workers_of_tf_config

TWO = {"cluster": {"worker": ["a:1", "b:1"]}, "task": {"type": "worker", "index": 1}}


def test_addresses_from_the_command_line() -> None:
    workers = parse_workers("a:1, b:2", 1)
    assert (workers.addresses, workers.index, workers.chief, workers.name(0)) == (("a:1", "b:2"), 1, False, "worker 0 (a:1)")


def test_a_chief_comes_before_the_workers_of_tf_config() -> None:
    cluster = {"worker": ["b:1", "c:1"], "chief": ["a:1"]}
    for task, index in (({"type": "chief", "index": 0}, 0), ({"type": "worker", "index": 1}, 2)):
        assert workers_of_tf_config({"TF_CONFIG": json.dumps({"cluster": cluster, "task": task})}) == Workers(("a:1", "b:1", "c:1"), index)
    assert workers_of_tf_config({}) is None
    assert workers_of_tf_config({"TF_CONFIG": "{}"}) is None


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("{", "expected"),
        ('{"cluster": {"worker": ["a:1"], "ps": ["b:1"]}, "task": {"type": "worker", "index": 0}}', "type ps"),
        ('{"cluster": {"worker": ["a:1", "b:1"]}, "task": {"type": "worker", "index": 2}}', "expected 0 to 1"),
        ('{"cluster": {"worker": ["a:1", "b:1"]}, "task": {"type": "chief", "index": 0}}', "is a chief"),
        ('{"cluster": {"worker": ["a:1", "a:1"]}, "task": {"type": "worker", "index": 0}}', "a:1 is there twice"),
        ('{"cluster": {"worker": ["a:1", "b"]}, "task": {"type": "worker", "index": 0}}', "'b' is not an address"),
        ('{"cluster": {"worker": ["a:1", "b:1"]}}', "KeyError"),
    ],
)
def test_a_tf_config_that_cannot_be_used(text: str, named: str) -> None:
    with pytest.raises(ConfigError, match=named):
        workers_of_tf_config({"TF_CONFIG": text})


def test_where_workers_are_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TF_CONFIG", json.dumps(TWO))
    assert find_workers(TrainingConfig(distribution="auto"), None) == Workers(("a:1", "b:1"), 1)
    assert find_workers(TrainingConfig(distribution="auto"), Workers(("c:1", "d:1"), 0)) == Workers(("c:1", "d:1"), 0)
    assert find_workers(TrainingConfig(distribution="mirrored"), None) is None
    assert find_workers(TrainingConfig(distribution="multi_worker"), Workers(("a:1",), 0)) is None  # one worker trains alone


def slurm(monkeypatch: pytest.MonkeyPatch, rank: int, nodes: str, tasks: str, node: str) -> None:
    values = {"PROCID": rank, "STEP_NUM_TASKS": 4, "STEP_NODELIST": nodes, "STEP_TASKS_PER_NODE": tasks, "JOB_ID": 20_007}
    for name, value in values.items():
        monkeypatch.setenv(f"SLURM_{name}", str(value))
    monkeypatch.setenv("SLURMD_NODENAME", node)
    monkeypatch.delenv("TF_CONFIG", raising=False)


def test_the_tasks_of_a_slurm_step_in_the_order_of_their_ranks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Host names as text would put gpu10 before gpu9."""
    slurm(monkeypatch, 2, "gpu[9-12]", "1(x4)", "gpu11")
    expected = Workers(("gpu9:10007", "gpu10:10007", "gpu11:10007", "gpu12:10007"), 2)
    assert find_workers(TrainingConfig(distribution="multi_worker"), None) == expected
    assert find_workers(TrainingConfig(distribution="auto"), None) is None  # a step may have other reasons to have several tasks


def test_several_slurm_tasks_on_a_node_have_ports_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    slurm(monkeypatch, 3, "n[1-2]", "2(x2)", "n2")
    assert find_workers(TrainingConfig(distribution="multi_worker"), None) == Workers(("n1:10007", "n1:10008", "n2:10007", "n2:10008"), 3)


def test_slurm_tasks_that_are_dealt_out_in_turn_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    slurm(monkeypatch, 1, "n[1-2]", "2(x2)", "n2")
    with pytest.raises(ConfigError, match=r"runs on n2, expected n1.*--distribution=block"):
        find_workers(TrainingConfig(distribution="multi_worker"), None)
