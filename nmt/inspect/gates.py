"""`nmt inspect gates`: what every unit of a recurrent layer does at every step of a sentence."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from nmt.errors import ModelError
from nmt.inspect.forced import ForcedPair, LiveModel
from nmt.model.recurrence import State
from nmt.model.recurrent import RecurrentLayer
from nmt.tensors import Tensor

Float32 = NDArray[np.float32]


@dataclass(frozen=True)
class LayerActivity:
    """One layer over one sentence."""

    layer: str
    cell: str
    pieces: list[str]
    """What is read at each step, in the order of reading."""
    values: dict[str, Float32]
    """Gates by name, then `c` where the cell has one, then `h`: each [units, steps], units in one order for all."""


def layer_activity(live: LiveModel, pair: ForcedPair, name: str) -> LayerActivity:
    """Run a sentence pair through the model and keep what one of its recurrent layers did.

    Args:
        live: the model.
        pair: the sentence; the decoder's layers read its target.
        name: of the layer, as `encoder.forward_0`.

    Raises:
        ModelError: no layer of that name.
    """
    layers = live.model.recurrent_layers()
    if name not in layers:
        raise ModelError(f"no recurrent layer {name!r}: this model has {', '.join(layers)}")
    layer = layers[name]
    with _inputs_kept(layer) as inputs:
        live.force(pair)
    found: dict[str, list[Tensor]] = {}
    for projected, state in inputs:
        gates = layer.gates(projected, state)
        after = layer.cell.advance(gates, state, layer.parameters)
        for key, value in {**gates, **dict(zip(("h", "c"), after, strict=False))}.items():
            found.setdefault(key, []).append(value[0])
    values = {key: np.stack([value.numpy() for value in column], axis=1) for key, column in found.items()}  # [H, steps]
    order = seriation(values.get("c", values["h"]))
    shown = [*(key for key in values if key not in {"h", "c"}), *(key for key in ("c", "h") if key in values)]
    return LayerActivity(name, layer.cell_name, _reading_order(live, pair, name), {key: values[key][order] for key in shown})


def seriation(rows: Float32) -> NDArray[np.intp]:
    """An order of rows that puts like beside like: by their angle in the plane of the first two principal components (Friendly 2002).

    The circle of angles is cut where it has its widest gap.
    """
    centred = rows - rows.mean(axis=0)
    _, _, axes = np.linalg.svd(centred, full_matrices=False)
    plane = axes[:2] * np.sign(axes[:2][np.arange(len(axes[:2])), np.abs(axes[:2]).argmax(axis=1)])[:, np.newaxis]
    along = centred @ plane.T  # [rows, 2], or 1 where there is only one step
    if along.shape[1] < 2:
        return np.argsort(-along[:, 0], kind="stable")
    angle = np.arctan2(along[:, 1], along[:, 0])
    order = np.argsort(angle, kind="stable")
    gaps = np.diff(angle[order], append=angle[order[0]] + 2 * np.pi)
    return np.roll(order, -(int(gaps.argmax()) + 1))


def _reading_order(live: LiveModel, pair: ForcedPair, name: str) -> list[str]:
    """The pieces as the layer reads them."""
    if name.startswith("decoder."):
        return pair.target_pieces
    pieces = pair.source_pieces
    if live.model.encoder.reverse_source:
        pieces = [*pieces[-2::-1], pieces[-1]]  # EOS stays the last
    return pieces[::-1] if name.startswith("encoder.backward") else pieces


@contextmanager
def _inputs_kept(layer: RecurrentLayer) -> Iterator[list[tuple[Tensor, State]]]:
    """While the block runs, keep the input part and the state before it of every step that the layer takes of one sentence."""
    kept: list[tuple[Tensor, State]] = []
    whole, single = layer.call, layer.step_from

    def call(x: Tensor, lengths: Tensor, initial_state: State | None = None, state_mask: None = None) -> tuple[Tensor, State]:
        state = layer.zero_state(tf.shape(x)[1]) if initial_state is None else initial_state
        for step in tf.unstack(x):
            kept.append((layer.project(step), state))
            state = single(*kept[-1])
        return whole(x, lengths, initial_state, state_mask)

    def step_from(projected: Tensor, state: State, mask: None = None) -> State:  # no dropout outside training, so no masks
        kept.append((projected, state))
        return single(projected, state, mask)

    # On the object itself, past Keras' bookkeeping of attributes; in eager mode every layout of the decoder passes through one of the two.
    object.__setattr__(layer, "call", call)
    object.__setattr__(layer, "step_from", step_from)
    try:
        yield kept
    finally:
        object.__delattr__(layer, "call")
        object.__delattr__(layer, "step_from")
