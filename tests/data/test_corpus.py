"""Every source gives the same stream of pairs; every mistake in it gives one line that names the culprit."""

import gzip
import hashlib
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from nmt.config import DataConfig
from nmt.data.corpus import SentencePair, corpus_facts, has_split, input_files, named_set, open_split, split_name
from nmt.data.description import FileCorpus, GrammarCorpus, load_description
from nmt.errors import CorpusError

ENGLISH = b"one house\ntwo cars\n"
GERMAN = "ein Haus\nzwei Autos für Größe\n".encode()
PAIRS = [SentencePair("one house", "ein Haus", 1), SentencePair("two cars", "zwei Autos für Größe", 2)]


def data(**text: Any) -> DataConfig:
    return DataConfig.model_validate({"source_language": "en", "target_language": "de"} | text)


def two_files(folder: Path, english: bytes = ENGLISH, german: bytes = GERMAN, suffix: str = "") -> DataConfig:
    source, target = folder / f"text.en{suffix}", folder / f"text.de{suffix}"
    source.write_bytes(english)
    target.write_bytes(german)
    return data(train={"source": source, "target": target})


def tsv(folder: Path, content: bytes, **columns: int) -> DataConfig:
    (folder / "text.tsv").write_bytes(content)
    return data(train={"tsv": folder / "text.tsv", **columns})


def failure(config: DataConfig) -> str:
    with pytest.raises(CorpusError) as error:
        list(open_split(config, "train"))
    assert "\n" not in str(error.value)
    return str(error.value)


def test_two_files(tmp_path: Path) -> None:
    assert list(open_split(two_files(tmp_path), "train")) == PAIRS


def test_gzip_is_read_by_its_name(tmp_path: Path) -> None:
    config = two_files(tmp_path, gzip.compress(ENGLISH), gzip.compress(GERMAN), ".gz")
    assert list(open_split(config, "train")) == PAIRS


def test_one_tsv(tmp_path: Path) -> None:
    config = tsv(tmp_path, "ein Haus\tx\tone house\nzwei Autos für Größe\ty\ttwo cars\n".encode(), source_column=3, target_column=1)
    assert list(open_split(config, "train")) == PAIRS


def test_only_a_line_feed_ends_a_line(tmp_path: Path) -> None:
    """U+2028, U+0085, form feed, vertical tab and a lone carriage return are text; str.splitlines would shift the sides."""
    odd = "a\u2028b\x85c\x0cd\x0be\rf\x1cg"
    config = two_files(tmp_path, f"{odd}\nx\n".encode(), b"y\nz\n")
    assert list(open_split(config, "train")) == [SentencePair(odd, "y", 1), SentencePair("x", "z", 2)]


def test_windows_line_ends_byte_order_mark_and_a_last_line_without_end(tmp_path: Path) -> None:
    config = two_files(tmp_path, b"\xef\xbb\xbfone house\r\ntwo cars", GERMAN)
    assert list(open_split(config, "train")) == PAIRS


def test_blank_lines_keep_their_place(tmp_path: Path) -> None:
    config = two_files(tmp_path, b"a\n\nb\n", b"x\ny\nz\n")
    assert [pair.line for pair in open_split(config, "train") if pair.source] == [1, 3]
    assert list(open_split(tsv(tmp_path, b"a\tx\n\nb\ty\n"), "train"))[1] == SentencePair("", "", 2)


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\n\r\ufeff")), min_size=1))
@settings(max_examples=50, deadline=None)
def test_any_text_comes_through_files_unchanged(tmp_path_factory: pytest.TempPathFactory, lines: list[str]) -> None:
    content = "".join(f"{line}\n" for line in lines).encode()
    pairs = list(open_split(two_files(tmp_path_factory.mktemp("text"), content, content), "train"))
    assert [pair.source for pair in pairs] == [pair.target for pair in pairs] == lines


def test_it_streams(tmp_path: Path) -> None:
    """The first pairs come before the end is looked at: a fault far behind does not matter yet."""
    config = two_files(tmp_path, b"a\n" * 50_000 + b"\xff\n", b"b\n" * 50_001)
    assert next(open_split(config, "train")) == SentencePair("a", "b", 1)
    assert "line 50001" in failure(config)


def test_missing_file(tmp_path: Path) -> None:
    config = two_files(tmp_path)
    (tmp_path / "text.de").unlink()
    assert failure(config) == f"cannot read {tmp_path / 'text.de'}: No such file or directory"


def test_a_folder_in_place_of_a_file(tmp_path: Path) -> None:
    assert "Is a directory" in failure(data(train={"tsv": tmp_path}))


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_empty_file(suffix: str, tmp_path: Path) -> None:
    content = gzip.compress(b"") if suffix else b""
    config = two_files(tmp_path, content, content, suffix)
    assert failure(config) == f"{tmp_path / f'text.en{suffix}'} is empty"


@pytest.mark.parametrize(("english", "german", "counts"), [(3, 5, ("3 lines", "5")), (1200, 2, ("1,200 lines", "2"))])
def test_unequal_line_counts_says_both(english: int, german: int, counts: tuple[str, str], tmp_path: Path) -> None:
    message = failure(two_files(tmp_path, b"a\n" * english, b"b\n" * german))
    assert message == f"unequal line counts: {tmp_path / 'text.en'} has {counts[0]}, {tmp_path / 'text.de'} has {counts[1]}"


def test_bad_utf8_names_file_and_line(tmp_path: Path) -> None:
    message = failure(two_files(tmp_path, ENGLISH, b"ein Haus\nzwei Gr\xf6\xdfen\n"))
    assert message.startswith(f"{tmp_path / 'text.de'}, line 2: not UTF-8 (byte 0xf6 at column 8)")


def test_utf16_is_recognised(tmp_path: Path) -> None:
    assert "is UTF-16: convert it to UTF-8" in failure(two_files(tmp_path, ENGLISH.decode().encode("utf-16"), GERMAN))


def test_truncated_gzip(tmp_path: Path) -> None:
    whole = gzip.compress(b"".join(b"line %d\n" % number for number in range(9999)))
    message = failure(two_files(tmp_path, whole[: len(whole) // 2], gzip.compress(b"b\n" * 9999), ".gz"))
    assert message.startswith(f"{tmp_path / 'text.en.gz'}: damaged or truncated gzip after line ")


def test_damaged_gzip(tmp_path: Path) -> None:
    damaged = bytearray(gzip.compress(b"".join(b"line %d\n" % number for number in range(9999))))
    damaged[len(damaged) // 2] ^= 0xFF
    assert "damaged or truncated gzip" in failure(two_files(tmp_path, bytes(damaged), gzip.compress(b"b\n" * 9999), ".gz"))
    assert "damaged or truncated gzip after line 0" in failure(two_files(tmp_path, b"plain text\n", gzip.compress(GERMAN), ".gz"))


def test_tsv_with_too_few_columns(tmp_path: Path) -> None:
    message = failure(tsv(tmp_path, b"a\tb\nc\n"))
    assert message == f"{tmp_path / 'text.tsv'}, line 2: 1 tab-separated columns, but column 2 is asked for"


def test_tsv_with_a_stray_tab(tmp_path: Path) -> None:
    assert "line 2: 3 tab-separated columns, expected 2 as on the lines before" in failure(tsv(tmp_path, b"a\tb\nc\td\te\n"))


def test_splits_of_own_files(tmp_path: Path) -> None:
    config = two_files(tmp_path)
    assert has_split(config, "train")
    assert not has_split(config, "valid")
    assert split_name(config, "train") == "text.en"
    with pytest.raises(CorpusError, match=r"names no data\.test"):
        open_split(config, "test")
    hashes = {"text.en": hashlib.sha256(ENGLISH).hexdigest(), "text.de": hashlib.sha256(GERMAN).hexdigest()}
    assert corpus_facts(config) == [{"name": "text.en", "licence": "not stated (own text)", "sha256": hashes}]


# Described corpora


def describe(folder: Path, **changes: Any) -> Path:
    contents = {"train.en": ENGLISH, "train.de": GERMAN, "dev.en": ENGLISH, "dev.de": GERMAN}
    (folder / "tiny").mkdir(exist_ok=True)
    for name, content in contents.items():
        (folder / "tiny" / name).write_bytes(content)
    description = {
        "name": "tiny",
        "kind": "files",
        "title": "Two sentences",
        "licence": "CC0",
        "languages": ["en", "de", "fr"],
        "url": "http://127.0.0.1:9/tiny/",
        "pattern": "tiny/{split}.{language}",
        "splits": {"train": "train", "valid": "dev", "test": "tst"},
        "files": {name: {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()} for name, content in contents.items()},
    }
    path = folder / "tiny.yaml"
    path.write_text(yaml.safe_dump(description | changes), encoding="utf-8")
    return path


@pytest.fixture(autouse=True)
def no_downloads(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    cache = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    return cache


def test_a_described_corpus_in_both_directions(tmp_path: Path) -> None:
    corpus = str(describe(tmp_path))
    assert list(open_split(data(corpus=corpus, root=tmp_path), "train")) == PAIRS
    swapped = DataConfig(source_language="de", target_language="en", corpus=corpus, root=tmp_path)
    assert next(open_split(swapped, "valid")) == SentencePair("ein Haus", "one house", 1)
    assert split_name(swapped, "valid") == "tiny dev"
    assert input_files(swapped, "valid") == {"valid.source": tmp_path / "tiny/dev.de", "valid.target": tmp_path / "tiny/dev.en"}
    assert has_split(swapped, "valid")
    assert not has_split(swapped, "test")
    [facts] = corpus_facts(swapped)
    assert (facts["name"], facts["licence"], sorted(facts["sha256"])) == ("tiny", "CC0", ["dev.de", "dev.en", "train.de", "train.en"])


def test_the_download_folder_is_looked_in_after_the_root(tmp_path: Path, no_downloads: Path) -> None:
    corpus = str(describe(tmp_path))
    folder = no_downloads / "carousel-nmt" / "corpora"
    folder.mkdir(parents=True)
    (tmp_path / "tiny").rename(folder / "tiny")
    for config in (data(corpus=corpus), data(corpus=corpus, root=tmp_path)):
        assert list(open_split(config, "train")) == PAIRS


def test_sets_by_name(tmp_path: Path) -> None:
    """Any set of the corpus by its role or its published name, test sets of one's own, and validation text in place of the corpus' own."""
    corpus = str(describe(tmp_path))
    own = {"source": tmp_path / "tiny/train.en", "target": tmp_path / "tiny/train.de"}
    config = data(corpus=corpus, root=tmp_path, valid={"corpus": corpus, "split": "train"}, tests={"mine": own})
    assert split_name(config, "valid") == "tiny train"
    labels = {name: named_set(config, name)[0].label for name in ("valid", "dev", "mine")}
    assert labels == {"valid": "tiny train", "dev": "tiny dev", "mine": "train.en"}
    assert list(named_set(config, "dev")[0].pairs()) == PAIRS
    with pytest.raises(CorpusError, match=r"the config has no set 'news'; it has valid, mine, train, dev$"):
        named_set(config, "news")
    with pytest.raises(CorpusError, match=r"give data\.test or data\.tests"):
        named_set(data(train=own), "test")
    swapped = DataConfig.model_validate({"source_language": "de", "target_language": "en", "corpus": corpus, "root": tmp_path})
    assert named_set(swapped, "dev")[1] == ("de", "en")
    both = {"mix": [{"corpus": corpus}, {"corpus": corpus, "source_language": "de", "target_language": "en"}], "target_tags": True}
    many = data(root=tmp_path, **both, tests={"back": {"corpus": corpus, "split": "dev", "source_language": "de", "target_language": "en"}})
    text, languages = named_set(many, "back")
    assert (next(text.pairs()), languages) == (SentencePair("ein Haus", "one house", 1), ("de", "en"))
    assert [pair.source for pair in open_split(many, "train")] == ["one house", "two cars", "ein Haus", "zwei Autos für Größe"]
    assert [record["languages"] for record in corpus_facts(many)] == [["en", "de"], ["de", "en"]]


def test_a_set_that_a_corpus_lacks_names_those_that_it_has(tmp_path: Path) -> None:
    text = {"corpus": str(describe(tmp_path)), "split": "test_2016"}
    with pytest.raises(CorpusError, match="corpus tiny has no test_2016 set; it has test, train, valid"):
        open_split(data(train={"tsv": "x"}, valid=text, root=tmp_path), "valid")


def test_a_corpus_that_is_not_there_says_how_to_get_it() -> None:
    message = failure(data(corpus="multi30k"))
    assert "multi30k/train.en.gz" in message
    assert "`nmt fetch multi30k` downloads it" in message
    assert "--set data.root=" in message


@pytest.mark.parametrize(
    ("source", "target", "expected"),
    [
        ("en", "xx", "corpus multi30k has no language 'xx'; it has en, de, fr, cs"),
        ("en", "en", "source and target language are both 'en'"),
    ],
)
def test_wrong_language(source: str, target: str, expected: str) -> None:
    message = failure(DataConfig(source_language=source, target_language=target, corpus="multi30k"))
    assert expected in message


def test_a_language_that_a_set_lacks_is_listed(tmp_path: Path) -> None:
    config = DataConfig(source_language="en", target_language="fr", corpus=str(describe(tmp_path)), root=tmp_path)
    assert failure(config) == "corpus tiny has no train set in 'fr'; it has en, de"


def test_unknown_corpus_names_the_nearest_and_the_known() -> None:
    assert failure(data(corpus="multi30")) == "no corpus named 'multi30'; did you mean multi30k?"
    assert "known: " in failure(data(corpus="zzz"))
    assert failure(data(corpus="gone.yaml")) == "no corpus description gone.yaml"


def test_a_file_that_is_not_the_published_one_is_refused(tmp_path: Path) -> None:
    config = data(corpus=str(describe(tmp_path)), root=tmp_path)
    (tmp_path / "tiny/train.de").write_bytes(GERMAN.upper())
    with pytest.raises(CorpusError, match=r"train\.de is not the file that corpus tiny publishes"):
        corpus_facts(config)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"kind": "magic"}, "kind"),
        ({"licence": None}, "licence"),
        ({"colour": "red"}, "colour"),
        ({"splits": {"valid": "dev"}}, "splits needs train"),
        ({"pattern": "../{split}.{language}"}, "relative path"),
        ({"pattern": "{split}"}, "relative path"),
        ({"url": "file:///etc/"}, "url"),
        ({"languages": ["en", "../de"]}, "no /"),
        ({"files": {"train.xx": {"bytes": 1, "sha256": "0" * 64}}}, r"no split and language names: train\.xx"),
        ({"files": {"train.en": {"bytes": 1, "sha256": "abc"}}}, "sha256"),
    ],
)
def test_a_mistake_in_a_description_is_one_line(changes: dict[str, Any], expected: str, tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=expected) as error:
        load_description(str(describe(tmp_path, **changes)))
    assert "\n" not in str(error.value)
    assert "tiny.yaml" in str(error.value)


def test_a_description_that_is_no_yaml_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("a: [1\nb: }")
    with pytest.raises(CorpusError, match=r"cannot read corpus description .*bad\.yaml") as error:
        load_description(str(tmp_path / "bad.yaml"))
    assert "\n" not in str(error.value)


def test_multi30k_as_shipped() -> None:
    corpus = load_description("multi30k")
    assert isinstance(corpus, FileCorpus)
    assert corpus.languages == ("en", "de", "fr", "cs")
    assert {corpus.file_name(split, language) for split in ("train", "valid", "test") for language in corpus.languages} <= set(corpus.files)
    assert corpus.file_name("valid", "de") == "val.de.gz"
    assert corpus.files["train.en.gz"].bytes == 568929
    assert "non-commercial" in corpus.licence
    with pytest.raises(ValueError, match="frozen"):
        corpus.name = "other"


def test_the_demo_grammar() -> None:
    demo = load_description("demo")
    assert isinstance(demo, GrammarCorpus)
    config = data(corpus="demo")
    assert all(has_split(config, split) for split in ("train", "valid", "test"))
    pairs = list(open_split(config, "valid"))
    assert len(pairs) == demo.splits["valid"]
    assert (pairs[0].line, pairs[-1].line) == (1, len(pairs))
    swapped = next(open_split(DataConfig(source_language="de", target_language="en", corpus="demo"), "valid"))
    assert swapped == SentencePair(pairs[0].target, pairs[0].source, 1)
    assert corpus_facts(config)[0]["sha256"] == corpus_facts(config)[0]["sha256"]
    assert input_files(config, "train") == {}
    assert "no language 'fr'" in failure(DataConfig(source_language="en", target_language="fr", corpus="demo"))
