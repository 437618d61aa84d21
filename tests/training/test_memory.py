"""The estimate of memory beside what a process really takes, and what is said when there is not enough."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
import tensorflow as tf

from nmt.config import Config
from nmt.errors import OutOfMemory
from nmt.training.memory import MemoryEstimate, estimate_memory, memory_told
from tests.training.test_trainer import said, trainer_of

FACTOR = 2.0
"""How far the estimate may be from what is measured, either way."""


def test_the_line() -> None:
    assert MemoryEstimate(2**27, 2**29).line == "memory: about 0.6 GiB (weights and optimizer 0.1, activations of the largest batch 0.5)"
    assert "0.6 GiB on each of 2 devices" in MemoryEstimate(2**27, 2**29, 2).line


def test_micro_batches_and_devices_need_less(tiny_config: Callable[..., Config]) -> None:
    def activations(devices: int = 1, **training: object) -> int:
        return estimate_memory(tiny_config(**training), 1000, 300, {(64, 20, 20), (8, 30, 30)}, set(), devices).activations

    whole = activations()
    assert activations(accumulate=4) == activations(devices=4) == activations(devices=2, accumulate=2) < 0.3 * whole
    assert activations(precision="bfloat16") == whole  # what is kept stays float32
    assert (
        activations(criterion="minimum_risk", init_from="run", minimum_risk={"reference": True}) == 6 * whole
    )  # 4 candidates, 2 references


def test_weights_are_counted_with_all_their_copies(tiny_config: Callable[..., Config]) -> None:
    def weights(**training: object) -> int:
        return estimate_memory(tiny_config(**training), 1000, 300, {(1, 2, 2)}, set()).weights

    assert weights() == 4 * 6 * 1000  # itself, two moments, moving average, gradient and its clipped copy
    assert weights(ema_decay=0.0) == 4 * 5 * 1000
    assert weights(accumulate=2) == 4 * 7 * 1000


def test_the_batches_of_validation_count(tiny_config: Callable[..., Config]) -> None:
    found = estimate_memory(tiny_config(), 1000, 300, {(1, 2, 2)}, {(100, 10, 20)})
    assert found.activations == 4 * 2 * 100 * 20 * 300


MEASURED = """
import json, os, sys, threading, time
import numpy as np
import tensorflow as tf
from nmt.config import Config
from nmt.data.batching import Batch
from nmt.model.seq2seq import Seq2Seq
from nmt.special_tokens import BOS, EOS
from nmt.training.distribution import Distribution
from nmt.training.memory import estimate_memory
from nmt.training.optimizer import Adam
from nmt.training.update import Updater

V = 4000
data = {"source_language": "en", "target_language": "de", "corpus": "demo"}
config = Config.model_validate({"data": data} | json.loads(sys.argv[1]))
model = Seq2Seq(config.model, V, V, joint=True)
optimizer = Adam([variable.value for variable in model.trainable_variables], config.training)
updater = Updater(model, optimizer, Distribution(tf.distribute.get_strategy(), 1, ""), config.training)


def batch(B, S, T):
    ids = np.random.default_rng(1).integers(10, V, (B, S + T)).astype(np.int32)
    source, labels = ids[:, :S], ids[:, S:]
    source[:, -1] = labels[:, -1] = EOS
    target = np.roll(labels, 1, axis=1)
    target[:, 0] = BOS
    return Batch(source, np.full(B, S, np.int32), target, labels, np.full(B, T, np.int32), np.zeros((B, 0, 0), np.float32))


def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


updater.update(batch(8, 4, 4), 1, 1e-3)  # traces, and touches weights and moments
before = peak = resident()
done = threading.Event()


def watch():
    global peak
    while not done.is_set():
        peak = max(peak, resident())
        time.sleep(0.002)


watcher = threading.Thread(target=watch)
watcher.start()
shape = tuple(json.loads(sys.argv[2]))
for number in (2, 3):
    updater.update(batch(*shape), number, 1e-3)
done.set()
watcher.join()
estimate = estimate_memory(config, 0, V, {shape}, set())
print(json.dumps({"estimated": estimate.activations, "measured": peak - before}))
"""

SIZES: dict[str, tuple[dict[str, object], tuple[int, int, int]]] = {
    "lstm": ({}, (96, 32, 32)),
    "micro-batches": ({"training": {"accumulate": 2}}, (128, 40, 40)),
    "gru, input_feeding": ({"model": {"cell": "gru", "decoder": "input_feeding"}}, (96, 32, 32)),
    "layernorm_lstm, multi_head": ({"model": {"cell": "layernorm_lstm", "attention": "multi_head"}}, (96, 32, 32)),
    "additive, two layers": ({"model": {"decoder_layers": 2, "encoder_layers": 2, "attention": "additive"}}, (48, 32, 32)),
}


@pytest.mark.parametrize("name", [pytest.param(name, marks=[] if name == "lstm" else pytest.mark.slow) for name in SIZES])
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="only Linux tells what a process holds at this moment")
def test_the_estimate_is_within_a_factor_of_two_of_what_is_measured(name: str) -> None:
    settings, shape = SIZES[name]
    call = [sys.executable, "-c", MEASURED, json.dumps(settings), json.dumps(shape)]
    done = subprocess.run(call, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout)
    assert found["measured"] > 50 * 2**20  # much more than noise
    assert 1 / FACTOR < found["estimated"] / found["measured"] < FACTOR, found


def test_a_tensor_that_tensorflow_really_finds_no_memory_for(tiny_config: Callable[..., Config]) -> None:
    with pytest.raises(OutOfMemory) as told, memory_told(tiny_config(accumulate=2)):
        tf.zeros([2**45])  # 128 TiB
    message = str(told.value)
    assert message.startswith("out of memory (")
    assert "\n" not in message
    for named in ("raise training.accumulate (now 2)", "lower training.batch_tokens (now 256)", "model.decoder_units (now 32)"):
        assert named in message


@pytest.mark.parametrize("where", ["update", "validate"])
def test_a_run_out_of_memory_says_what_to_lower(tiny_config: Callable[..., Config], tmp_path: Path, where: str) -> None:
    trainer = trainer_of(tiny_config(max_updates=1, validate_every=1), tmp_path)

    def starved(*_: object) -> None:
        raise tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor with shape[4096,32000]\nand a long trace")

    if where == "update":
        trainer.updater = SimpleNamespace(update=starved)  # type: ignore[assignment]
    else:
        trainer.validator.validate = starved  # type: ignore[method-assign]
    with pytest.raises(OutOfMemory, match=r"shape\[4096,32000\]\).*training.accumulate.*training.batch_tokens \(now 256\)") as told:
        trainer.train()
    assert told.value.exit_code == 2
    assert "trace" not in str(told.value)
    assert "memory: about 0.0 GiB (weights and optimizer 0.0, activations of the largest batch 0.0)" in said(trainer)


def test_other_errors_pass(tiny_config: Callable[..., Config]) -> None:
    with pytest.raises(tf.errors.InvalidArgumentError), memory_told(tiny_config()):
        raise tf.errors.InvalidArgumentError(None, None, "something else")
