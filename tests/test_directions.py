"""Which direction is meant, which tags ask for it, and that nobody but the model sees them."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from nmt.config import DataConfig, TokenizerConfig
from nmt.directions import Directions
from nmt.errors import ModelError, TokenizerError
from nmt.model_directory import Limits, SearchDefaults
from nmt.runtime.interface import Hypotheses
from nmt.special_tokens import EOS_PIECE
from nmt.tokenizer import TokenizerPair, train_tokenizer
from nmt.translator import Translator

PAIRS = (("en", "de"), ("en", "fr"), ("fr", "de"), ("it", "de"), ("de", "en"), ("de", "fr"))
MODEL = Directions(PAIRS, target_tags=True, corpus_tags=("bt",))


@pytest.mark.parametrize(
    ("source", "target", "found"),
    [
        (None, None, ("en", "de")),
        ("en", None, ("en", "de")),  # the main direction, though en leads to fr too
        ("fr", None, ("fr", "de")),  # the only one
        (None, "de", ("en", "de")),
        (None, "fr", ("en", "fr")),  # from the main source language, though de leads there too
        (None, "en", ("de", "en")),
        ("DE", "fr ", ("de", "fr")),
    ],
)
def test_the_direction_that_is_meant(source: str | None, target: str | None, found: tuple[str, str]) -> None:
    assert MODEL.find(source, target) == found


@pytest.mark.parametrize(
    ("source", "target", "reason"),
    [
        ("de", None, "from de this model translates into en, fr: say which language is the target"),
        (None, "it", "not learnt to translate into it; it translates en → de, en → fr, fr → de, it → de, de → en, de → fr"),
        ("it", "fr", "not learnt to translate it → fr"),
        ("pl", None, "not learnt to translate from pl"),
    ],
)
def test_what_is_not_learnt_is_told(source: str | None, target: str | None, reason: str) -> None:
    with pytest.raises(ModelError, match=reason):
        MODEL.find(source, target)


def test_tags_stand_as_in_training_data() -> None:
    assert MODEL.tags(("de", "fr")) == ("2fr",)
    assert MODEL.tags(("de", "fr"), "bt") == ("2fr", "bt")
    assert Directions((("en", "de"),), corpus_tags=("bt",)).tags(("en", "de")) == ()
    assert MODEL.all_tags == ("2de", "2fr", "2en", "bt")
    with pytest.raises(ModelError, match="no tag 'web': it has bt"):
        MODEL.tags(("de", "fr"), "web")
    with pytest.raises(ModelError, match="no tag 'bt': it was trained without any"):
        Directions((("en", "de"),)).tags(("en", "de"), "bt")


def test_a_config_says_what_is_trained() -> None:
    entry = {"source": "a", "target": "b"}
    mix = [entry | {"tag": "bt"}, entry | {"target_language": "fr"}, entry | {"tag": "bt", "weight": 2}]
    data = DataConfig.model_validate({"source_language": "en", "target_language": "de", "mix": mix, "target_tags": True})
    assert Directions.of_config(data) == Directions((("en", "de"), ("en", "fr")), True, ("bt",))
    assert Directions.of_config(data).all_tags == data.tags


class TaggedRuntime:
    """Says the sentence behind the tags four times; every piece looks at itself, and half at the first tag."""

    takes_coverage_penalty = True

    def __init__(self) -> None:
        self.rows: list[list[int]] = []

    def translate_ids(
        self,
        ids: NDArray[np.int32],
        lengths: NDArray[np.int32],
        *,
        beam_size: int,
        length_penalty: float,
        max_steps: int,
        coverage_penalty: float = 0.0,
    ) -> Hypotheses:
        B, S = ids.shape
        out = np.zeros((B, 1, 4 * S), np.int32)
        attention = np.zeros((B, 1, 4 * S, S), np.float32)
        sizes = np.zeros((B, 1), np.int32)
        for b in range(B):
            self.rows.append(ids[b, : lengths[b] - 1].tolist())
            places = np.arange(2, lengths[b] - 1).tolist() * 4  # both tags left out
            sizes[b, 0] = len(places)
            out[b, 0, : len(places)] = ids[b, places]
            attention[b, 0, np.arange(len(places)), places] = 0.5
            attention[b, 0, : len(places), 0] = 0.5
        return Hypotheses(out, sizes, np.zeros((B, 1), np.float32), attention)


@pytest.fixture(scope="module")
def tokenizers(tmp_path_factory: pytest.TempPathFactory) -> TokenizerPair:
    folder: Path = tmp_path_factory.mktemp("tokenizer")
    text = ["A dog runs.", "Two men sit on a bench.", "Ein Hund läuft."] * 8
    tokenizer = train_tokenizer(text, folder / "tokenizer.model", TokenizerConfig(vocabulary_size=400), seed=1, tags=MODEL.all_tags)
    return TokenizerPair(tokenizer, tokenizer)


def translator(tokenizers: TokenizerPair, runtime: TaggedRuntime, directions: Directions = MODEL) -> Translator:
    limits, search = Limits(max_source_pieces=12, max_steps=80), SearchDefaults(beam_size=1, length_penalty=1.0, copy_untranslatable=True)
    return Translator(runtime, tokenizers, limits, search, directions=directions)


def test_each_segment_begins_with_its_tags_which_do_not_count(tokenizers: TokenizerPair) -> None:
    model = translator(tokenizers, TaggedRuntime())
    line = "A dog runs. Two men sit. Ein Hund läuft."
    for target, tag, prefix in (("de", None, ["<2de>"]), ("fr", "bt", ["<2fr>", "<bt>"])):
        encoded = model.into(target, tag=tag).encode([line, "12:30", " "])
        assert [tokenizers.source.pieces(ids[: len(prefix)]) for ids in encoded.ids[0]] == [prefix] * len(encoded.segments[0])
        assert [segment.text for segment in encoded.segments[0]] == [segment.text for segment in model.encode([line]).segments[0]]
        assert max(map(len, encoded.ids[0])) <= 12 + len(prefix)
        assert encoded.ids[1:] == [[()], [()]]  # what is copied, and what is blank, has no tag that a model could be asked about
    assert model.into("fr").encode(["<bt> dog"]).sources[0][1] not in tokenizers.tag_ids(["bt"])  # text is never a tag


def test_nobody_but_the_model_sees_the_tags(tokenizers: TokenizerPair) -> None:
    runtime = TaggedRuntime()
    (found,) = translator(tokenizers, runtime).into("fr", tag="bt").hypotheses(["A dog"], alignment=True)
    pieces = tokenizers.source.pieces(tokenizers.source.encode(["A dog"])[0])
    assert runtime.rows == [tokenizers.tag_ids(["2fr", "bt"]) + tokenizers.source.encode(["A dog"])[0]]
    assert (found[0].text, found[0].cut) == ("A dog", True)  # the repetition guard counts the sentence's own turns
    alignment = found[0].alignment
    assert alignment is not None
    assert alignment.source_pieces == (*pieces, EOS_PIECE)
    assert np.array_equal(alignment.attention, np.eye(len(pieces), len(pieces) + 1, dtype=np.float32) / 2)


def test_a_batch_may_hold_rows_of_several_directions(tokenizers: TokenizerPair) -> None:
    runtime = TaggedRuntime()
    model = translator(tokenizers, runtime)
    rows = [model.into(target, tag=tag).encode(["A dog"]).sources[0] for target, tag in (("fr", "bt"), ("de", "bt"))]
    assert len(set(rows)) == 2
    found = model.read(rows, model.translate_batch(rows, model.search_for()), model.search_for(alignment=True))
    assert [one[0].text for one in found] == ["A dog"] * 2


def test_the_main_direction_is_what_a_call_gets(tokenizers: TokenizerPair) -> None:
    model = translator(tokenizers, TaggedRuntime())
    assert (model.source_language, model.target_language) == ("en", "de")
    other = model.into(source="fr")
    assert (other.source_language, other.target_language, other.prefix) == ("fr", "de", model.prefix)
    assert (model.into("fr").into("de").source_language, model.target_language) == ("en", "de")
    assert model.translate(["A dog"], target="fr") == model.into("fr").translate(["A dog"])


def test_a_tokenizer_without_the_tag_is_refused(tokenizers: TokenizerPair) -> None:
    with pytest.raises(TokenizerError, match="<2zh>"):
        translator(tokenizers, TaggedRuntime(), Directions((("en", "zh"),), target_tags=True))
