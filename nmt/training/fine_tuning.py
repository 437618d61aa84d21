"""The weights of another run or of an export as the beginning of a fresh model."""

from typing import Any

import numpy as np
import tensorflow as tf

from nmt.checkpoint import Arrays, load_weights
from nmt.config import Config
from nmt.errors import ModelError
from nmt.model.seq2seq import Seq2Seq
from nmt.origin import Origin, find_origin
from nmt.tokenizer import TokenizerPair
from nmt.training.display import TrainingDisplay
from nmt.training.vocabulary import map_rows


def begin_with_origin(model: Seq2Seq, config: Config, tokenizers: TokenizerPair, display: TrainingDisplay) -> None:
    """Give a fresh model the weights of `training.init_from`, row by row where the vocabulary is another; does nothing without one.

    Raises:
        RunError: a run without a whole checkpoint.
        ModelError: an export whose variables are not those of such a model.
    """
    if config.training.init_from is None:
        return
    origin = find_origin(config.training.init_from)
    weights, what = _weights(origin, model, display)
    sides = {"source": (origin.tokenizers.source, tokenizers.source), "target": (origin.tokenizers.target, tokenizers.target)}
    maps = {side: map_rows(*pair) for side, pair in sides.items()}
    of_side = {model.output_bias.path: "target", model.output_weights.path: "target", model.target_embedding.path: "target"}
    of_side = {model.source_embedding.path: "source"} | of_side
    for variable in model.trainable_variables:
        found = weights[variable.path]
        if variable.path in of_side:
            found = maps[of_side[variable.path]].rows(found, variable.numpy())
        variable.assign(found)
    display.message(f"begins with the weights of {origin.path} ({what})")
    for side in ("target",) if tokenizers.joint else sides:
        if not maps[side].unchanged:
            display.message(f"{'' if tokenizers.joint else f'{side} '}vocabulary: {maps[side]}")


def _weights(origin: Origin, model: Seq2Seq, display: TrainingDisplay) -> tuple[Arrays, str]:
    """The origin's weights by the paths that this model's variables have, and which they are."""
    if origin.is_run:
        arrays, state, warnings = load_weights(origin.path / "checkpoints", "best")
        for warning in warnings:
            display.message(f"warning: {warning}")
        return arrays, f"best checkpoint, update {state['update']}"
    return _exported_weights(origin, model), "exported"


def _exported_weights(origin: Origin, model: Seq2Seq) -> Arrays:
    """The variables of a SavedModel, which `nmt.export` writes in the order of the model's own.

    The origin's settings are those of this model, so its variables are, too, but for the rows of the vocabularies; each is checked all the
    same, by its name and its other dimensions.

    Raises:
        ModelError: the file has other variables.
    """
    reader = tf.train.load_checkpoint(str(origin.path / "variables" / "variables"))
    names = _variable_names(reader)
    by_vocabulary = {one.path for one in (model.source_embedding, model.target_embedding, model.output_weights, model.output_bias)}
    arrays: Arrays = {}
    variables = model.trainable_variables
    for place, variable in enumerate(variables):
        key = f"weights_list/{place}/.ATTRIBUTES/VARIABLE_VALUE"
        array = np.asarray(reader.get_tensor(key)) if key in names else np.empty(0)
        free = 1 if variable.path in by_vocabulary else 0
        same = array.shape[free:] == tuple(variable.shape)[free:] and array.ndim == len(variable.shape)
        if len(names) != len(variables) or names.get(key) != variable.path.rpartition("/")[2] or not same:
            raise ModelError(
                f"model {origin.path} has other variables than its config.yaml describes (number {place + 1}, expected {variable.path} "
                f"{list(variable.shape)}, found {names.get(key)} {list(array.shape)}): export its run again, or name the run itself"
            )
        arrays[variable.path] = array
    return arrays


def _variable_names(reader: Any) -> dict[str, str]:
    """The last part of each variable's name, by its key in the file."""
    from tensorflow.core.protobuf.trackable_object_graph_pb2 import TrackableObjectGraph

    graph = TrackableObjectGraph.FromString(reader.get_tensor("_CHECKPOINTABLE_OBJECT_GRAPH"))
    found = [attribute for node in graph.nodes for attribute in node.attributes if attribute.name == "VARIABLE_VALUE"]
    return {attribute.checkpoint_key: attribute.full_name.rpartition("/")[2] for attribute in found}
