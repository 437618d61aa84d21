"""Operations and bytes of a model, against a count by hand."""

from nmt.bench.flops import forward_flops, step_bytes, training_flops, work_of
from nmt.config import ModelConfig

SMALL = ModelConfig(embedding_units=2, encoder_units=3, decoder_units=5)
DEEP = ModelConfig(embedding_units=2, encoder_units=3, decoder_units=6, encoder_layers=2, decoder_layers=2, attention="scaled_dot")


def test_one_sentence_counted_by_hand() -> None:
    """4 source and 7 target positions, 11 target pieces; M = 6."""
    found = forward_flops(SMALL, 11, work_of([(4, 7)]))
    assert found == {
        # Two directions of [4, 2]·[2, 12] and [1, 3]·[3, 12] four times; keys [4, 6]·[6, 5]; two bridges [1, 6]·[6, 5].
        "encoder": 2 * (2 * 4 * 2 * 12 + 4 * 2 * 3 * 12) + 2 * 4 * 6 * 5 + 2 * 2 * 6 * 5,
        # [7, 2]·[2, 20] and [1, 5]·[5, 20] seven times.
        "decoder LSTM": 2 * 7 * 2 * 20 + 7 * 2 * 5 * 20,
        # Scores [7, 5]·[5, 4], context [7, 4]·[4, 6], readout [7, 11]·[11, 2].
        "attention and readout": 2 * 7 * 5 * 4 + 2 * 7 * 4 * 6 + 2 * 7 * 11 * 2,
        "softmax and loss": 2 * 7 * 2 * 11,
    }


def test_more_layers_counted_by_hand() -> None:
    """The second encoder layer reads both directions, the second decoder layer [h; context]; a scaled dot product has no keys."""
    found = forward_flops(DEEP, 11, work_of([(1, 1)]))
    assert found["encoder"] == 2 * (2 * (2 + 3) * 12 + 2 * (6 + 3) * 12) + 4 * 2 * 6 * 6
    assert found["decoder LSTM"] == 2 * (2 + 6) * 24 + 2 * (6 + 6 + 6) * 24


def test_gates_that_are_looked_up_cost_nothing() -> None:
    work = work_of([(4, 7)])
    saved = forward_flops(SMALL, 11, work)["decoder LSTM"] - forward_flops(SMALL, 11, work, gates_looked_up=True)["decoder LSTM"]
    assert saved == 2 * 7 * 2 * 20


def test_sentences_add_up_each_with_its_own_attention() -> None:
    both, first, second = (forward_flops(SMALL, 11, work_of(pairs)) for pairs in ([(4, 7), (2, 1)], [(4, 7)], [(2, 1)]))
    assert both == {part: first[part] + second[part] for part in first}


def test_training_is_three_times_forward() -> None:
    work = work_of([(4, 7)])
    assert training_flops(SMALL, 11, work) == {part: 3 * count for part, count in forward_flops(SMALL, 11, work).items()}


def test_bytes_of_a_step_counted_by_hand() -> None:
    """U [5, 20] and a row of the table [20]; readout [11, 2] and its bias; output weights [11, 2] and bias."""
    assert step_bytes(SMALL, 11) == 4 * (5 * 20 + 20 + 11 * 2 + 2 + 11 * 2 + 11)
    assert step_bytes(DEEP, 11) == 4 * (6 * 24 + 24 + 18 * 24 + 24 + 12 * 2 + 2 + 11 * 2 + 11)


def test_other_cells_encoders_and_decoders_counted_by_hand() -> None:
    """GRU: 3 blocks. GNMT encoder: both directions in the first of two layers alone, so M = 3. The readout is fed back."""
    config = ModelConfig(
        embedding_units=2,
        encoder_units=3,
        decoder_units=6,
        encoder_layers=2,
        decoder_layers=2,
        cell="gru",
        encoder="gnmt",
        decoder="input_feeding",
        attention="additive",
        bridge="zero",
        readout_embedding=True,
    )
    found = forward_flops(config, 11, work_of([(4, 1)]))
    assert found == {
        "encoder": 4 * (2 * 2 * 9 * (2 + 3) + 2 * 9 * (6 + 3)) + 4 * 2 * 3 * 6,
        "decoder LSTM": 2 * 18 * (2 + 2 + 6) + 2 * 18 * (6 + 6),
        "attention and readout": 4 * 2 * (6 + 3) + 2 * 6 * 6 + 2 * (6 + 3 + 2) * 2,
        "softmax and loss": 2 * 2 * 11,
    }
    # U, feed and a row of the table; U and W above; queries; readout with bias; output weights and bias.
    assert step_bytes(config, 11) == 4 * ((6 + 2 + 1) * 18 + (6 + 6 + 1) * 18 + 36 + (11 + 1) * 2 + 3 * 11)


def test_without_attention_the_source_costs_a_target_position_nothing() -> None:
    config = ModelConfig(embedding_units=2, encoder_units=3, decoder_units=6, attention="none")
    short, long = (forward_flops(config, 11, work_of([(source, 7)])) for source in (1, 9))
    assert short["attention and readout"] == long["attention and readout"] == 7 * 2 * 6 * 2
