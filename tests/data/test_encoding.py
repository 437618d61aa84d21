"""What lies on disk of a mixture: corpus after corpus, tags in front, limits counted without them, and a manifest that says so."""

from pathlib import Path
from typing import Any

import pytest

from nmt.config import Config
from nmt.data.manifest import counts_by_text
from nmt.data.prepare import open_prepared, prepare
from nmt.errors import CorpusError, RunError, TokenizerError
from tests.data.test_prepare import PAIRS, write


def two_files(folder: Path, name: str, pairs: list[tuple[str, str]]) -> dict[str, str]:
    return {side: str(write(folder / f"{name}.{side}", [pair[place] for pair in pairs])) for place, side in enumerate(("source", "target"))}


def mixed(folder: Path, entries: list[dict[str, Any]], **data: Any) -> Config:
    section = {"source_language": "en", "target_language": "de", "mix": entries, "valid": two_files(folder, "valid", PAIRS[:7])} | data
    return Config.model_validate({"data": section, "tokenizer": {"vocabulary_size": 400}})


def test_corpora_lie_side_by_side_each_with_its_tag(tmp_path: Path) -> None:
    plain, back = PAIRS[:200], [(f"<bt> {source}", target) for source, target in PAIRS[200:]]
    entries = [
        two_files(tmp_path, "plain", plain) | {"name": "plain"},
        two_files(tmp_path, "back", back) | {"name": "back", "tag": "bt", "weight": 0.5},
    ]
    prepared = prepare(mixed(tmp_path, entries), tmp_path / "run")
    bt = prepared.tokenizers.source.tag_id("bt")
    first = [prepared.train.source(place).tolist() for place in range(300)]
    assert [ids.count(bt) for ids in first] == [0] * 200 + [1] * 100  # what somebody wrote as <bt> is not the tag
    assert all(ids[0] == bt for ids in first[200:])
    assert [(share.pairs, share.weight) for share in prepared.train.shares] == [(200, 1.0), (100, 0.5)]
    assert prepared.tokenizers.source.decode(first[200:]) == [source for source, _ in back]  # a tag is no text
    manifest = prepared.manifest
    assert manifest["tags"] == ["bt"]
    assert [(one["name"], one["weight"], one["tags"], one["counts"]["kept"]) for one in manifest["corpora"][:2]] == [
        ("plain", 1.0, [], 200),
        ("back", 0.5, ["bt"], 100),
    ]
    assert manifest["corpora"][2]["use"] == "validation"
    assert manifest["counts"]["train"]["kept"] == 300
    assert list(counts_by_text(manifest)) == ["train plain", "train back", "valid"]
    assert set(manifest["inputs"]) == {f"{place}.{side}" for place in ("mix.0", "mix.1", "valid") for side in ("source", "target")}
    assert open_prepared(tmp_path / "run").train.shares == prepared.train.shares


def test_target_languages_in_front_and_then_the_corpus_tag(tmp_path: Path) -> None:
    swapped = [(target, source) for source, target in PAIRS]
    entries = [
        two_files(tmp_path, "a", PAIRS),
        two_files(tmp_path, "b", swapped) | {"source_language": "de", "target_language": "en", "tag": "web"},
    ]
    prepared = prepare(mixed(tmp_path, entries, target_tags=True), tmp_path / "run")
    tag_ids = prepared.tokenizers.tag_ids
    assert prepared.train.source(0).tolist()[:1] == tag_ids(["2de"])
    assert prepared.train.source(300).tolist()[:2] == tag_ids(["2en", "web"])
    assert prepared.valid.source(0).tolist()[:1] == tag_ids(["2de"])
    assert not set(tag_ids(["2de", "2en", "web"])) & {piece for place in range(600) for piece in prepared.train.target(place).tolist()}
    assert prepared.valid_source == [source for source, _ in PAIRS[:7]]
    assert prepared.manifest["directions"] == [["en", "de"], ["de", "en"]]
    assert prepared.manifest["tags"] == ["2de", "2en", "web"]


def test_held_out_pairs_are_of_the_main_direction_and_gone_from_the_other(tmp_path: Path) -> None:
    swapped = [(target, source) for source, target in PAIRS]
    entries = [
        two_files(tmp_path, "b", swapped) | {"source_language": "de", "target_language": "en"},
        two_files(tmp_path, "a", PAIRS),
        two_files(tmp_path, "c", PAIRS[:20]) | {"tag": "bt"},
    ]
    prepared = prepare(mixed(tmp_path, entries, target_tags=True, valid=None), tmp_path / "run")
    held = list(zip(prepared.valid_source, prepared.valid_target, strict=True))
    assert len(held) == 30
    assert set(held) <= set(PAIRS)
    counts = [one["counts"]["dropped"]["in_hold_out"]["count"] for one in prepared.manifest["corpora"]]
    assert counts[:2] == [30, 30]
    only_tagged = mixed(tmp_path, [entries[2]], valid=None)
    with pytest.raises(CorpusError, match="there are none to set aside"):
        prepare(only_tagged, tmp_path / "other")


def test_limits_count_the_pieces_of_the_text_alone(tmp_path: Path) -> None:
    entries = [two_files(tmp_path, "a", PAIRS) | {"tag": "bt"}]
    config = mixed(tmp_path, entries, target_tags=True, max_length_ratio=9)
    config = config.model_copy(update={"search": config.search.model_copy(update={"max_source_pieces": 1})})
    roomy = prepare(config, tmp_path / "roomy")
    text_pieces = roomy.train.source_lengths - 2
    longest = int(max(text_pieces.max(), roomy.train.target_lengths.max()))
    for limit, kept in (
        (longest, len(PAIRS)),
        (longest - 1, int(((text_pieces < longest) & (roomy.train.target_lengths < longest)).sum())),
    ):
        limited = config.model_copy(update={"data": config.data.model_copy(update={"max_pieces": limit})})
        assert len(prepare(limited, tmp_path / str(limit)).train) == kept


def test_a_given_tokenizer_must_have_the_tags(tmp_path: Path) -> None:
    entries = [two_files(tmp_path, "a", PAIRS)]
    prepare(mixed(tmp_path, entries), tmp_path / "without")
    prepare(mixed(tmp_path, [entries[0] | {"tag": "bt"}]), tmp_path / "with")
    for folder, tag, message in (("without", "bt", "has no piece <bt>"), ("with", "web", "has no piece <web>"), ("with", "bt", None)):
        config = mixed(tmp_path, [entries[0] | {"tag": tag}])
        given = config.tokenizer.model_copy(update={"model": tmp_path / folder / "tokenizer.model"})
        config = config.model_copy(update={"tokenizer": given})
        if message is None:
            assert prepare(config, tmp_path / "given").manifest["tags"] == ["bt"]
            continue
        with pytest.raises(TokenizerError, match=message) as error:
            prepare(config, tmp_path / "refused")
        assert "--control_symbols=" in str(error.value)


def test_separate_vocabularies_have_the_tags_on_the_side_of_the_source(tmp_path: Path) -> None:
    config = mixed(tmp_path, [two_files(tmp_path, "a", PAIRS) | {"tag": "bt"}])
    config = config.model_copy(update={"tokenizer": config.tokenizer.model_copy(update={"joint": False})})
    pair = prepare(config, tmp_path / "run").tokenizers
    assert pair.tag_ids(["bt"]) == [pair.source.tag_id("bt")]
    with pytest.raises(TokenizerError):
        pair.target.tag_id("bt")


@pytest.mark.parametrize("change", [{"weight": 2}, {"tag": "web"}, {"fuzzy": True}])
def test_what_shapes_a_mixture_prepares_again_and_a_begun_run_refuses_it(change: dict[str, Any], tmp_path: Path) -> None:
    write(tmp_path / "a.po", [f'msgid "{source}"\nmsgstr "{target}"\n' for source, target in PAIRS])
    entry = {"memory": str(tmp_path / "a.po")}
    prepare(mixed(tmp_path, [entry]), tmp_path / "run")
    with pytest.raises(RunError, match="has changed since it began"):
        prepare(mixed(tmp_path, [entry | change]), tmp_path / "run", begun=True)
    prepare(mixed(tmp_path, [entry | {"name": "mine"}]), tmp_path / "run", begun=True)  # what it is called shapes nothing


def test_memories_are_prepared_with_their_reasons(tmp_path: Path) -> None:
    units = [f'msgid "{source}"\nmsgstr "{target}"\n' for source, target in PAIRS[:100]]
    write(tmp_path / "a.po", [*units[:3], '#, fuzzy\nmsgid "x"\nmsgstr "y"\n', 'msgid "z"\nmsgstr ""\n', *units[3:]])
    data = {"source_language": "en", "target_language": "de", "train": {"memory": [str(tmp_path / "a.po")]}}
    prepared = prepare(Config.model_validate({"data": data, "tokenizer": {"vocabulary_size": 350}}), tmp_path / "run")
    dropped = prepared.manifest["counts"]["train"]["dropped"]
    assert dropped["fuzzy"] == {"count": 1, "first_lines": [4]}
    assert dropped["untranslated"] == {"count": 1, "first_lines": [5]}
    assert prepared.manifest["hold_out"]["of"] == 100


def test_a_corpus_of_which_nothing_is_left_is_named(tmp_path: Path) -> None:
    entries = [two_files(tmp_path, "a", PAIRS), two_files(tmp_path, "b", [("", "leer")] * 9) | {"name": "empty"}]
    with pytest.raises(CorpusError, match=r"no training pairs are left of 9 \(empty\): 9 blank_line"):
        prepare(mixed(tmp_path, entries), tmp_path / "run")
