"""The tokenizer loses nothing, is the same every time, and says in one line why it cannot be used."""

import io
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import sentencepiece
from hypothesis import example, given, settings
from hypothesis import strategies as st

from nmt.config import TokenizerConfig
from nmt.errors import TokenizerError
from nmt.special_tokens import BOS, BOS_PIECE, EOS, EOS_PIECE, PAD, PAD_PIECE, UNK, UNK_PIECE
from nmt.tokenizer import Tokenizer, TokenizerPair, train_tokenizer

SENTENCES = [
    f"{subject} {verb} the {adjective} {thing} ."
    for subject in ("A man", "Two women", "The dog", "My friend")
    for verb in ("sees", "buys", "is looking at", "paints")
    for adjective in ("red", "small", "straßengrüne", "old")
    for thing in ("house", "car", "bridge", "apple tree", "Müller's café")
]
SMALL = TokenizerConfig(vocabulary_size=400)


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Tokenizer:
    return train_tokenizer(SENTENCES, tmp_path_factory.mktemp("tokenizer") / "tokenizer.model", SMALL, seed=1)


def one_line(error: pytest.ExceptionInfo[TokenizerError]) -> str:
    message = str(error.value)
    assert "\n" not in message
    return message


def test_a_sentence_comes_back(tokenizer: Tokenizer) -> None:
    lines = ["The dog sees my friend .", "", "Größe 42 kostet 3,50 €"]
    ids = tokenizer.encode(lines)
    assert ids[1] == []
    assert all(EOS < piece < tokenizer.vocabulary_size for line in ids for piece in line)
    assert tokenizer.decode(ids) == lines
    assert tokenizer.encode([]) == tokenizer.decode([]) == []
    assert "".join(tokenizer.pieces(tokenizer.encode(["The dog"])[0])) == "▁The▁dog"


def test_special_tokens_have_the_ids_that_the_project_says(tokenizer: Tokenizer) -> None:
    assert tokenizer.pieces([PAD, UNK, BOS, EOS]) == [PAD_PIECE, UNK_PIECE, BOS_PIECE, EOS_PIECE]


def test_decode_ignores_special_tokens(tokenizer: Tokenizer) -> None:
    [ids] = tokenizer.encode(["The dog"])
    assert tokenizer.decode([[BOS, *ids, UNK, EOS, PAD, PAD]]) == ["The dog"]


@pytest.mark.parametrize("literal", ["<s> a </s>", "<unk>", "<pad>", "<0x41>", "⁇", "a <s>b"])
def test_literal_special_pieces_stay_text(tokenizer: Tokenizer, literal: str) -> None:
    [ids] = tokenizer.encode([literal])
    assert min(ids) > EOS
    assert tokenizer.decode([ids]) == [tokenizer.normalize(literal)]


@pytest.mark.parametrize(
    ("text", "normalized"),
    [
        ("  a \t b  ", "a b"),
        ("a▁b", "a b"),  # the marker itself reads as the space that it stands for
        ("a\u200bb\ufeffc\u2028d", "a b c d"),
        ("a\x01b\x7f", "ab"),
        ("ﬁ ＡＢＣ e\u0301 Å", "fi ABC é Å"),
        ("a\nb\r\nc", "a b c"),
        ("\u200b", ""),
    ],
)
def test_documented_normalisation(tokenizer: Tokenizer, text: str, normalized: str) -> None:
    assert tokenizer.normalize(text) == normalized
    assert tokenizer.decode(tokenizer.encode([text])) == [normalized]


TEXT = st.one_of(
    st.text(max_size=40),
    st.text(st.characters(codec="utf-8"), max_size=40),
    st.lists(
        st.sampled_from(
            ["👨‍👩‍👧", "🇩🇪", "e\u0301\u0323", "क्\u200dष", "한국어", "ﷺ", "<s>", "</s>", "▁", " ", "\u3000", "𝔸", "ا\u064e", "日本"]
        )
    ).map("".join),
)


@given(TEXT)
@example("\u0301leading")
@example("\U0010ffff\ue000")
@settings(max_examples=200, deadline=None)
def test_no_text_is_lost(tokenizer: Tokenizer, text: str) -> None:
    """Against SentencePiece's own nmt_nfkc, in the library and not in our model: decode(encode(x)) is exactly the normalised x."""
    reference = sentencepiece.SentencePieceNormalizer(rule_name="nmt_nfkc", remove_extra_whitespaces=True)
    expected = reference.normalize(text).replace("▁", " ").strip(" ")
    [ids] = tokenizer.encode([text])
    assert UNK not in ids
    assert " ".join(tokenizer.decode([ids])[0].split(" ")) == " ".join(piece for piece in expected.split(" ") if piece)
    assert tokenizer.decode([ids])[0] == tokenizer.decode(tokenizer.encode([tokenizer.decode([ids])[0]]))[0]


def test_a_line_break_spelled_in_bytes_does_not_break_the_line(tokenizer: Tokenizer) -> None:
    names = tokenizer.pieces(range(tokenizer.vocabulary_size))
    ids = [names.index("<0x41>"), names.index("<0x0A>"), names.index("<0x42>"), names.index("<0x0D>")]
    assert tokenizer.decode([ids]) == ["A B "]


def test_lone_surrogates_do_not_raise(tokenizer: Tokenizer) -> None:
    assert tokenizer.decode(tokenizer.encode(["a \ud800 b", "c"])) == ["a ? b", "c"]


def test_many_lines_equal_single_lines(tokenizer: Tokenizer) -> None:
    assert tokenizer.encode(SENTENCES) == [tokenizer.encode([line])[0] for line in SENTENCES]


def test_save_and_load_are_byte_identical(tokenizer: Tokenizer, tmp_path: Path) -> None:
    tokenizer.save(tmp_path / "a.model")
    Tokenizer.load(tmp_path / "a.model").save(tmp_path / "b.model")
    assert (tmp_path / "a.model").read_bytes() == (tmp_path / "b.model").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.model", "b.model"]


@pytest.mark.parametrize("kind", ["unigram", "bpe"])
def test_training_is_deterministic_and_follows_the_seed_when_it_samples(kind: str, tmp_path: Path) -> None:
    config = TokenizerConfig.model_validate({"vocabulary_size": 330, "kind": kind, "sample_sentences": 101})
    models = [train_tokenizer(iter(SENTENCES), tmp_path / "m", config, seed).model for seed in (1, 2, 1)]
    assert models[0] == models[2]
    assert models[0] != models[1]


def test_training_is_the_same_in_another_process(tokenizer: Tokenizer, tmp_path: Path) -> None:
    code = (
        "from pathlib import Path; from nmt.config import TokenizerConfig; from nmt.tokenizer import train_tokenizer; import sys, json\n"
        "train_tokenizer(json.loads(sys.argv[1]), Path(sys.argv[2]), TokenizerConfig(vocabulary_size=400), seed=1)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, json.dumps(SENTENCES), str(tmp_path / "m")], check=True, capture_output=True, text=True, timeout=60
    )
    assert (tmp_path / "m").read_bytes() == tokenizer.model
    assert done.stdout == done.stderr == ""


@pytest.mark.parametrize("kind", ["unigram", "bpe"])
def test_ten_sentences_are_enough_and_the_vocabulary_size_is_an_upper_limit(kind: str, tmp_path: Path) -> None:
    config = TokenizerConfig.model_validate({"vocabulary_size": 8000, "kind": kind})
    tokenizer = train_tokenizer(SENTENCES[:10], tmp_path / "m", config, seed=1)
    assert 260 < tokenizer.vocabulary_size < 8000
    assert tokenizer.decode(tokenizer.encode(SENTENCES)) == SENTENCES


def test_without_byte_fallback_unseen_characters_are_unknown(tmp_path: Path) -> None:
    config = TokenizerConfig(vocabulary_size=100, byte_fallback=False)
    tokenizer = train_tokenizer(SENTENCES, tmp_path / "m", config, seed=1)
    [ids] = tokenizer.encode(["the 日 dog"])
    assert UNK in ids
    assert "日" not in tokenizer.decode([ids])[0]


@pytest.mark.parametrize("sentences", [[], ["", "   "], ["\u200b"], ["x" * 5000]])
def test_nothing_to_learn_from_is_one_line(sentences: list[str], tmp_path: Path) -> None:
    with pytest.raises(TokenizerError, match="no text to learn from") as error:
        train_tokenizer(sentences, tmp_path / "m", SMALL, seed=1)
    one_line(error)
    assert not list(tmp_path.iterdir())


def test_too_small_a_vocabulary_names_the_size_that_is_needed(tmp_path: Path) -> None:
    with pytest.raises(TokenizerError, match=r"vocabulary_size 100 is too small.* need \d{3};") as error:
        train_tokenizer(SENTENCES, tmp_path / "m", TokenizerConfig(vocabulary_size=100), seed=1)
    one_line(error)


def test_an_error_in_the_sentences_is_raised_as_it_is(tmp_path: Path) -> None:
    def failing() -> Iterator[str]:
        yield "a sentence"
        raise KeyError("from the corpus")

    with pytest.raises(KeyError, match="from the corpus"):
        train_tokenizer(failing(), tmp_path / "m", SMALL, seed=1)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("content", [b"", b"not a model", b"\x00" * 100])
def test_other_files_are_refused(content: bytes, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "other.model"
    path.write_bytes(content)
    with pytest.raises(TokenizerError, match=r"other\.model is not a SentencePiece model") as error:
        Tokenizer.load(path)
    one_line(error)
    assert capfd.readouterr() == ("", "")


def test_a_missing_file_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(TokenizerError, match=r"cannot read tokenizer .*gone\.model: No such file"):
        Tokenizer.load(tmp_path / "gone.model")


def test_a_model_with_other_special_ids_is_refused_with_the_remedy(tmp_path: Path) -> None:
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(SENTENCES), model_prefix=str(tmp_path / "t5"), vocab_size=100, hard_vocab_limit=False, minloglevel=2
    )
    with pytest.raises(TokenizerError, match=r"t5\.model has the ids pad=-1 unk=0 bos=1 eos=2, expected pad=0 .*--pad_id=0") as error:
        Tokenizer.load(tmp_path / "t5.model")
    one_line(error)


@pytest.fixture(scope="module")
def tagged(tmp_path_factory: pytest.TempPathFactory) -> Tokenizer:
    return train_tokenizer(SENTENCES, tmp_path_factory.mktemp("tagged") / "m", SMALL, seed=1, tags=["2de", "bt"])


def test_a_tag_is_an_id_that_no_text_encodes_to(tagged: Tokenizer) -> None:
    tags = [tagged.tag_id("2de"), tagged.tag_id("bt")]
    assert tagged.pieces(tags) == ["<2de>", "<bt>"]
    assert len(set(tags)) == 2
    assert min(tags) > EOS
    for text in ("<bt> a dog", "<2de>", "x<bt>y", "The dog"):
        [ids] = tagged.encode([text])
        assert not set(tags) & set(ids)
        assert tagged.decode([[*tags, *ids]]) == [text]


def test_a_tag_that_a_model_lacks_or_has_as_text_is_refused(tokenizer: Tokenizer, tagged: Tokenizer) -> None:
    with pytest.raises(TokenizerError, match=r"has no piece <bt>.*--control_symbols=<bt>") as error:
        tokenizer.tag_id("bt")
    one_line(error)
    with pytest.raises(TokenizerError, match="has no piece <web>"):
        TokenizerPair(tagged, tagged).tag_ids(["bt", "web"])
    made = io.BytesIO()
    special = {"pad_id": PAD, "unk_id": UNK, "bos_id": BOS, "eos_id": EOS}
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(SENTENCES),
        model_writer=made,
        vocab_size=100,
        hard_vocab_limit=False,
        minloglevel=2,
        user_defined_symbols=["<bt>"],
        **special,
    )
    with pytest.raises(TokenizerError, match="has <bt> as a piece of text"):
        Tokenizer(made.getvalue()).tag_id("bt")


def test_pairs_joint_and_separate(tokenizer: Tokenizer, tmp_path: Path) -> None:
    other = train_tokenizer(SENTENCES[::2], tmp_path / "m", SMALL, seed=1)
    (tmp_path / "m").unlink()
    TokenizerPair(tokenizer, tokenizer).save(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["tokenizer.model"]
    assert TokenizerPair.load(tmp_path).joint

    TokenizerPair(tokenizer, other).save(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["tokenizer.source.model", "tokenizer.target.model"]
    loaded = TokenizerPair.load(tmp_path)
    assert not loaded.joint
    assert (loaded.source.model, loaded.target.model) == (tokenizer.model, other.model)


def test_a_folder_without_tokenizer_is_one_line(tokenizer: Tokenizer, tmp_path: Path) -> None:
    with pytest.raises(TokenizerError, match="no tokenizer in"):
        TokenizerPair.load(tmp_path)
    tokenizer.save(tmp_path / "tokenizer.source.model")
    with pytest.raises(TokenizerError, match=r"tokenizer\.target\.model"):
        TokenizerPair.load(tmp_path)
