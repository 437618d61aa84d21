"""What is shown of a layer is what the layer does in the model."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from nmt.checkpoint import Checkpoints
from nmt.errors import ModelError
from nmt.inspect.forced import ForcedPair, LiveModel
from nmt.inspect.gate_maps import draw_gates, gate_lines, meaning
from nmt.inspect.gates import Float32, LayerActivity, layer_activity, seriation
from nmt.inspect.run import open_run
from nmt.model.cell_sizes import CELL_SIZES
from nmt.model.cells import CELLS
from tests.inspect.conftest import MakeRun


def decoder_states(live: LiveModel, pair: ForcedPair) -> Iterator[tuple[tuple[Float32, ...], ...]]:
    """The states of all decoder layers after every target piece, by the step that a search takes."""
    model, one = live.model, tf.constant(1)
    memory, state = model.encode(tf.constant([pair.source_ids]), tf.constant([len(pair.source_ids)]))
    for piece in pair.target_ids:
        ids = tf.constant([piece])
        embedded = model._embed(model.target_embedding, ids)
        state = model.decoder.step(model.input_gates(ids), embedded, tf.constant([0]), one, memory, state).state
        yield tuple(tuple(part.numpy()[0] for part in layer) for layer in state.layers)


@pytest.mark.parametrize(
    "model",
    [
        {"decoder_layers": 2, "residual": True, "cell": "lstm1997"},
        {"decoder": "input_feeding", "cell": "gru", "decoder_layers": 2},
        {"decoder": "attend_first", "cell": "layernorm_lstm"},
    ],
    ids=lambda model: str(model["cell"]),
)
def test_the_states_shown_are_those_of_the_model_step_by_step(model: dict[str, object], make_run: MakeRun) -> None:
    live = LiveModel(open_run(make_run(**model)))
    pair = live.pair("1 2 3", "three two")
    steps = list(decoder_states(live, pair))
    for depth, layer in enumerate(live.model.decoder.layers):
        activity = layer_activity(live, pair, f"decoder.{layer.name}")
        assert activity.pieces == pair.target_pieces
        for place, part in enumerate(("h", "c")[: layer.sizes.parts]):
            expected = np.stack([step[depth][place] for step in steps], axis=1)
            np.testing.assert_allclose(
                np.sort(activity.values[part], axis=0), np.sort(expected, axis=0), atol=1e-5
            )  # units have been ordered


def test_the_encoder_is_shown_in_the_order_of_its_reading(plain_live: LiveModel) -> None:
    live = plain_live
    pair = live.pair("1 2 3", "three")
    forward, backward = (layer_activity(live, pair, f"encoder.{name}_0") for name in ("forward", "backward"))
    assert forward.pieces == [*pair.source_pieces[-2::-1], "</s>"]  # this model reads the source from its end, EOS last all the same
    assert backward.pieces == forward.pieces[::-1]
    memory, _ = live.model.encode(tf.constant([pair.source_ids]), tf.constant([len(pair.source_ids)]))
    ahead, back = np.split(memory.values.numpy()[0].T, 2)  # [U, S] each
    last = len(pair.source_pieces) - 1
    read = [*range(last - 1, -1, -1), last]  # [S] the source position of each step
    np.testing.assert_allclose(np.sort(forward.values["h"], axis=0), np.sort(ahead[:, read], axis=0), atol=1e-5)
    np.testing.assert_allclose(np.sort(backward.values["h"][:, ::-1], axis=0), np.sort(back[:, read], axis=0), atol=1e-5)


def test_the_gates_make_the_states(plain_live: LiveModel) -> None:
    live = plain_live
    values = layer_activity(live, live.pair("1 2 3", "three two one"), "decoder.lstm_0").values
    assert list(values) == ["i", "f", "g", "o", "c", "h"]
    i, f, g, o, c, h = values.values()
    np.testing.assert_allclose(c[:, 1:], f[:, 1:] * c[:, :-1] + i[:, 1:] * g[:, 1:], atol=1e-5)
    np.testing.assert_allclose(h, o * np.tanh(c), atol=1e-5)
    assert live.model.decoder.layers[0].call.__self__ is live.model.decoder.layers[0]  # nothing stays behind in the model


def test_a_layer_that_is_not_there_is_told_with_those_that_are(plain_live: LiveModel) -> None:
    live = plain_live
    with pytest.raises(ModelError, match=r"'decoder\.gru_0'.*encoder\.forward_0, encoder\.backward_0, decoder\.lstm_0, decoder\.lstm_1"):
        layer_activity(live, live.pair("1", "one"), "decoder.gru_0")


def test_a_damaged_checkpoint_is_passed_over_and_told(make_run: MakeRun) -> None:
    run = make_run()
    checkpoints = Checkpoints(run / "checkpoints")
    arrays, state = checkpoints.load_several("average")[0]
    checkpoints.save(4, arrays, state | {"update": 4}, best=True)
    (run / "checkpoints/update-00000004.npz").write_bytes(b"damaged")
    opened = open_run(run)
    assert opened.update == 3
    assert "update-00000004.npz is damaged" in opened.warnings[0]


def test_seriation_puts_like_beside_like() -> None:
    up, down, late = [0.0, 1.0, 2.0, 3.0], [3.0, 2.0, 1.0, 0.0], [0.0, 0.0, 0.0, 9.0]
    rows = np.array([up, down, late, up, down, late], np.float32)
    order = seriation(rows)
    assert sorted(order) == list(range(6))
    kinds = [int(place) % 3 for place in order]
    assert all(kinds[place] == kinds[place + 1] for place in (0, 2, 4))
    assert sorted(seriation(rows[:, :1])) == list(range(6))


def test_lines_and_picture_name_every_gate(tmp_path: Path) -> None:
    half = np.full((4, 2), 0.5, np.float32)
    activity = LayerActivity("decoder.gru_0", "gru", ["▁a", "</s>"], {"z": half, "r": 2 * half, "g": -half, "h": half})
    lines = gate_lines(activity)
    assert [line.split()[:2] for line in lines[1:5]] == [["z", "▅▅"], ["r", "██"], ["|g|", "▅▅"], ["|h|", "▅▅"]]
    assert "100.0%   0.0%" in lines[2]
    assert draw_gates(activity, tmp_path / "gates.png", title="a layer").stat().st_size > 1000


def test_every_gate_of_every_cell_has_its_words() -> None:
    z = tf.zeros([1, 4])
    for name, cell in CELLS.items():
        state = (z[:, :1],) * CELL_SIZES[name].parts
        vectors = tuple(tf.zeros([width]) for width in ((4, 4, 1, 1) if name == "layernorm_lstm" else (3,) if name == "gru" else ()))
        wide = z[:, : CELL_SIZES[name].blocks]
        for gate in cell.gates(wide, wide, state, vectors):
            assert meaning(name, gate).startswith(f"{gate} — ")
