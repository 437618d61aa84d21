from pathlib import Path

import pytest

from nmt.audit.request import Request
from nmt.errors import CorpusError


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("train.en", "train.de.gz", "valid.en", "valid.de", "m.tmx", "pairs.tsv"):
        (tmp_path / name).write_text("x\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_two_files_name_their_languages_by_their_endings(place: Path) -> None:
    config = Request(("train.en", "train.de.gz")).config()
    assert config.data.direction == ("en", "de")
    assert config.data.train
    assert config.data.train.target == place / "train.de.gz"


def test_files_by_option_with_held_out_ones(place: Path) -> None:
    files = {name: Path(name.replace("_", ".")) for name in ("valid_en", "valid_de")}
    given = {
        "source": Path("train.en"),
        "target": Path("train.de.gz"),
        "valid_source": files["valid_en"],
        "valid_target": files["valid_de"],
    }
    config = Request((), None, "de-AT", given, ("data.max_length_ratio=3",)).config()
    assert config.data.direction == ("en", "de-AT")
    assert config.data.valid
    assert config.data.valid.source == place / "valid.en"
    assert config.data.max_length_ratio == 3


@pytest.mark.parametrize(("name", "form"), [("m.tmx", "memory"), ("pairs.tsv", "tsv")])
def test_a_file_of_pairs(place: Path, name: str, form: str) -> None:
    train = Request((name,), "en", "de").config().data.train
    assert train
    assert getattr(train, form) == place / name


def test_a_corpus_and_a_config_by_name() -> None:
    assert Request(("multi30k",), "en", "fr").config().data.corpus == "multi30k"
    assert Request(("demo",)).config().tokenizer.vocabulary_size == 1500  # the config of that name
    assert Request(("demo",), "de", "en").config().data.direction == ("de", "en")


def test_a_config_and_a_description_by_path(place: Path) -> None:
    (place / "mine.yaml").write_text("data: {source_language: en, target_language: de, train: {source: train.en, target: train.de.gz}}")
    (place / "mine.corpus.yaml").write_text(
        "name: own\nkind: grammar\ntitle: x\nlicence: y\nlanguages: [en, de]\nseed: 3\nsplits: {train: 5}\n"
    )
    changed = Request(("mine.yaml",), files={"valid_source": Path("valid.en"), "valid_target": Path("valid.de")}).config()
    assert changed.data.valid
    assert Request(("mine.corpus.yaml",)).config().data.direction == ("en", "de")


@pytest.mark.parametrize(
    ("request_", "told"),
    [
        (Request(("m.tmx",)), "--source-lang"),
        (Request(("multi30k",), "en"), "--target-lang"),
        (Request(("train.en",)), "one side"),
        (Request(("a", "b", "c")), "3 names"),
        (Request(("multi31k",)), "multi30k"),
        (Request(("demo",), files={"source": Path("train.en")}), "both name text"),
        (Request((), "en", "de", {"source": Path("train.en")}), "--target is missing"),
        (Request((), "en", "de", {"tsv": Path("pairs.tsv"), "source": Path("train.en")}), "--tsv"),
        (Request(("train.en", "train.de.gz"), files={"test_source": Path("x")}), "--test-source names one side"),
    ],
)
def test_what_is_not_clear_is_told(place: Path, request_: Request, told: str) -> None:
    with pytest.raises(CorpusError, match=told):
        request_.config()
