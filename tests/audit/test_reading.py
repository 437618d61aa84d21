import gzip
from pathlib import Path

import pytest

from nmt.audit.reading import TextSet, sets_of
from nmt.config import DataConfig
from nmt.errors import CorpusError


def training(folder: Path, source: bytes, target: bytes) -> TextSet:
    (folder / "s").write_bytes(source)
    (folder / "t").write_bytes(target)
    data = {"source_language": "en", "target_language": "de", "train": {"source": folder / "s", "target": folder / "t"}}
    return sets_of(DataConfig.model_validate(data))[0]


def test_a_byte_that_is_not_utf8_does_not_end_the_reading(tmp_path: Path) -> None:
    text = training(tmp_path, b"\xef\xbb\xbfone\r\nt\xe9o\n", b"eins\nzwei")
    assert [(pair.source, pair.target, pair.line) for pair in text.pairs()] == [("one", "eins", 1), ("t\udce9o", "zwei", 2)]


def test_the_bar_is_moved_by_all_bytes(tmp_path: Path) -> None:
    text = training(tmp_path, b"one\n" * 9000, b"eins\n" * 9000)
    moved: list[int] = []
    assert sum(1 for _ in text.pairs(moved.append)) == 9000
    assert sum(moved) == text.bytes == 9 * 9000
    assert len(moved) > 2


@pytest.mark.parametrize(
    ("source", "target", "told"),
    [
        (b"one\ntwo\n", b"eins\n", "s has 2 lines"),
        (b"one\n", b"eins\nzwei\ndrei\n", "t has 3"),
        (b"", b"eins\n", "s is empty"),
        (b"\xff\xfeo\0", b"eins\n", "UTF-16"),
    ],
)
def test_what_cannot_be_read_is_told_in_a_line(tmp_path: Path, source: bytes, target: bytes, told: str) -> None:
    with pytest.raises(CorpusError, match=told):
        list(training(tmp_path, source, target).pairs())


def test_damaged_gzip_is_told_with_the_line(tmp_path: Path) -> None:
    whole = gzip.compress(b"".join(b"line %d\n" % number for number in range(5000)))
    (tmp_path / "s.gz").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "t.gz").write_bytes(whole)
    data = {"source_language": "en", "target_language": "de", "train": {"source": tmp_path / "s.gz", "target": tmp_path / "t.gz"}}
    with pytest.raises(CorpusError, match=r"s\.gz: damaged or truncated gzip after line \d+"):
        list(sets_of(DataConfig.model_validate(data))[0].pairs())


def test_a_stray_tab_is_a_finding_of_its_line(tmp_path: Path) -> None:
    (tmp_path / "pairs.tsv").write_text("one\teins\ntwo\tzwei\tx\n\nfour\tvier\nfive\n")
    data = {"source_language": "en", "target_language": "de", "train": {"tsv": tmp_path / "pairs.tsv"}}
    found = [(pair.line, pair.target, pair.fault) for pair in sets_of(DataConfig.model_validate(data))[0].pairs()]
    assert found == [(1, "eins", None), (2, "", "columns"), (3, "", None), (4, "vier", None), (5, "", "columns")]


def test_each_text_of_a_mixture_and_each_test_set_is_a_set_with_its_direction(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).write_text(f"{name}\n")
    sides = {"source": tmp_path / "a", "target": tmp_path / "b"}
    back = {"source": tmp_path / "b", "target": tmp_path / "a", "source_language": "de", "target_language": "en"}
    data = {
        "source_language": "en",
        "target_language": "de",
        "mix": [{"name": "own", **sides}, back],
        "valid": sides,
        "tests": {"back": back},
        "target_tags": True,
    }
    sets = sets_of(DataConfig.model_validate(data))
    assert [(text.name, text.languages, text.training) for text in sets] == [
        ("train.own", ("en", "de"), True),
        ("train.1", ("de", "en"), True),
        ("valid", ("en", "de"), False),
        ("back", ("de", "en"), False),
    ]
    assert [next(text.pairs())[:2] for text in sets] == [("a", "b"), ("b", "a"), ("a", "b"), ("b", "a")]


def test_what_is_no_file_of_lines_is_read_through_the_door_of_the_corpora() -> None:
    data = DataConfig.model_validate({"source_language": "de", "target_language": "en", "corpus": "demo"})
    text = sets_of(data)[1]
    assert (text.name, text.files, text.bytes, text.label) == ("valid", {}, 0, "demo valid")
    assert next(text.pairs()).line == 1


def test_units_of_a_memory_that_are_marked_are_told(tmp_path: Path) -> None:
    (tmp_path / "m.po").write_text('msgid "Open"\nmsgstr "Öffnen"\n\n#, fuzzy\nmsgid "Close"\nmsgstr "Zu"\n', encoding="utf-8")
    data = {"source_language": "en", "target_language": "de", "train": {"memory": tmp_path / "m.po"}}
    assert [pair.fault for pair in sets_of(DataConfig.model_validate(data))[0].pairs()] == [None, "fuzzy"]
