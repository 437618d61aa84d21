"""Settings: read, overridden, saved and read again; and every mistake is one line that names its key."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from nmt.config import DATA_ROOT_VARIABLE, Config, DataConfig, MixEntry, ParallelText, Section
from nmt.config_file import find_config, load_config, save_config
from nmt.errors import ConfigError
from nmt.shipped import shipped_names

DEMO = {"data": {"source_language": "en", "target_language": "de", "corpus": "demo"}}


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory of its own, and no data root from outside."""
    folder = tmp_path / "working"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.delenv(DATA_ROOT_VARIABLE, raising=False)
    return folder


def write(folder: Path, content: dict[str, Any] | str) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / "config.yaml"
    path.write_text(content if isinstance(content, str) else yaml.safe_dump(content), encoding="utf-8")
    return path


def files(source: str = "text.en", target: str = "text.de", **data: Any) -> dict[str, Any]:
    return {"data": {"source_language": "en", "target_language": "de", "train": {"source": source, "target": target}} | data}


def mix(entries: list[dict[str, Any]], **data: Any) -> dict[str, Any]:
    return {"data": {"source_language": "en", "target_language": "de", "mix": entries} | data}


TO_FRENCH = {"tsv": "a", "target_language": "fr"}


def failure(path: Path, *overrides: str) -> str:
    with pytest.raises(ConfigError) as error:
        load_config(path, list(overrides))
    assert "\n" not in str(error.value)
    return str(error.value)


def train_source(config: Config) -> Path | None:
    assert config.data.train is not None
    return config.data.train.source


def test_what_is_not_said_is_the_default(tmp_path: Path) -> None:
    config = load_config(write(tmp_path, DEMO | {"training": {"seed": 7}}))
    assert config.training.seed == 7
    assert config.model == Config.model_validate(DEMO).model


@pytest.mark.parametrize("name", shipped_names("configs"))
def test_the_shipped_configs_are_valid(name: str) -> None:
    assert isinstance(load_config(find_config(name)), Config)


def test_a_config_cannot_be_changed(tmp_path: Path) -> None:
    config = load_config(write(tmp_path, DEMO))
    with pytest.raises(ValueError, match="frozen"):
        config.training.seed = 2


# Overrides


def test_overrides_win_and_the_last_one_wins_most(tmp_path: Path) -> None:
    path = write(tmp_path, DEMO | {"training": {"seed": 7, "log_every": 3}})
    config = load_config(path, ["training.seed=8", "training.seed=9", "model.dropout=0.25", "tokenizer.joint=false"])
    assert (config.training.seed, config.training.log_every, config.model.dropout, config.tokenizer.joint) == (9, 3, 0.25, False)


def test_an_override_may_reach_deep_or_replace_by_a_mapping(tmp_path: Path) -> None:
    path = write(tmp_path, DEMO)
    config = load_config(
        path, ["data.corpus=null", "data.train={tsv: /a/pairs.tsv}", "data.train.source_column=2", "data.train.target_column=1"]
    )
    assert config.data.train is not None
    assert (config.data.train.tsv, config.data.train.source_column, config.data.corpus) == (Path("/a/pairs.tsv"), 2, None)


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("training.seed", "expected section.key=value"),
        ("seed=3", "expected section.key=value"),
        ("training.sed=3", "unknown key training.sed; did you mean training.seed?"),
        ("trainig.seed=3", "unknown key trainig; did you mean training?"),
        ("data.train.sauce=x", "unknown key data.train.sauce; did you mean data.train.source?"),
        ("training.zzzzzz=3", "known here: seed, distribution"),
        ("training.seed=[1", "the value is not YAML"),
        ("training.seed=many", "training.seed: Input should be a valid integer"),
        ("training.seed.deeper=1", "training.seed: Input should be a valid integer"),
        ("training.seed=-1", "training.seed: Input should be greater than or equal to 0 (received -1)"),
        ("training.learning_rate=.nan", "training.learning_rate"),
        ("training.deadline_minutes=.inf", "training.deadline_minutes: Input should be a finite number"),
        ("model.attention=loud", "model.attention: Input should be 'general', 'scaled_dot', "),
        ("data.source_language=no", "data.source_language: Input should be a valid string; YAML reads a bare no"),
    ],
)
def test_a_mistake_in_an_override_is_one_line(override: str, expected: str, tmp_path: Path) -> None:
    assert expected in failure(write(tmp_path, DEMO), override)


def test_a_data_root_that_looks_like_a_number_is_a_folder(tmp_path: Path, own_folder: Path) -> None:
    assert load_config(write(tmp_path, DEMO), ["data.root=2016"]).data.root == own_folder / "2016"


# Mistakes in the file


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("", "data: Field required"),
        ("- a\n- b\n", "must be a mapping of sections (data, tokenizer, model, search, training), got list"),
        ("data: [1\n", "cannot read config"),
        ("data: 5\n", "data: Input should be a valid dictionary"),
        ({**DEMO, "trainning": {}}, "unknown key trainning; did you mean training?"),
        ({**DEMO, "training": {"sead": 1}}, "unknown key training.sead; did you mean training.seed?"),
        ({**DEMO, 7: 1}, "unknown key 7"),
        ({"data": {"corpus": "demo"}}, "data.source_language: Field required; data.target_language: Field required"),
        ({"data": {"source_language": "en", "target_language": "de"}}, "data: needs exactly one of 'corpus'"),
        (files(corpus="demo"), "data: needs exactly one of 'corpus'"),
        (files(train={"source": "a"}), "data.train: needs either 'source' and 'target' or 'tsv', or one of 'memory', 'tfds'"),
        (files(train={"source": "a", "target": "b", "tsv": "c"}), "data.train: needs either"),
        (files(train={"source": "a", "tsv": "c"}), "data.train: needs either"),
        (files(train={"memory": []}), "data.train: 'memory' is an empty list"),
        (files(train={"memory": "a.docx"}), "a.docx: expected a name that ends in .tmx, .po, .mo, .xlf, .xliff"),
        (files(train={"memory": "a.tmx", "tfds": "x/y"}), "data.train: needs either 'source' and 'target'"),
        (files(train={"tsv": "a", "fuzzy": True}), "'fuzzy' is about the units of a 'memory'"),
        (files(train={"tsv": "a", "split": "train"}), "'split' names a set of 'tfds', 'tfds_folder' or 'corpus'"),
        (files(train={"tfsd": "x/y"}), "unknown key data.train.tfsd; did you mean data.train.tfds?"),
        (files(tests={"news": {"tvs": "a"}}), "unknown key data.tests.news.tvs; did you mean data.tests.news.tsv?"),
        (files(tests={"valid": {"tsv": "a"}}), "'valid' has a place of its own, data.valid"),
        (files(test={"tsv": "a", "target_language": "fr"}), "test is en → fr, which is not trained; trained: en → de"),
        (mix([]), "'mix' is an empty list"),
        (mix([{"tsv": "a", "wieght": 2}]), "unknown key data.mix.0.wieght; did you mean data.mix.0.weight?"),
        (mix([{"tsv": "a"}, {"tsv": "b", "weight": 0}]), "data.mix.1.weight: Input should be greater than 0 (received 0)"),
        (mix([{"tsv": "a", "tag": "2de"}]), "data.mix.0.tag: String should match pattern"),
        (mix([{"tsv": "a", "tag": "unk"}]), "<unk> is a special piece already"),
        (mix([{"tsv": "a"}, {"tsv": "b", "target_language": "fr"}]), "mix has en → de, en → fr: set target_tags: true"),
        (
            mix([TO_FRENCH], target_tags=True, valid={"tsv": "v", "target_language": "fr"}),
            "valid is en → fr, but validation is of the main",
        ),
        (mix([TO_FRENCH], target_tags=True) | {"tokenizer": {"joint": False}}, "they share one vocabulary, set tokenizer.joint: true"),
        (DEMO | {"tokenizer": {"joint": False}, "model": {"tying": "three_way"}}, "three_way needs tokenizer.joint: true"),
        (DEMO | {"tokenizer": {"source_model": "a", "target_model": "b"}}, "need joint: false"),
        (DEMO | {"tokenizer": {"joint": False, "model": "a"}}, "set joint: true"),
        (DEMO | {"tokenizer": {"joint": False, "source_model": "a"}}, "needs both 'source_model' and 'target_model'"),
        (DEMO | {"search": {"max_source_pieces": 200}}, "search.max_source_pieces (200) must not exceed data.max_pieces (100)"),
        (DEMO | {"training": {"validate_bleu_lines": 0}}, "metric bleu needs validate_bleu_lines above 0"),
        (
            DEMO | {"model": {"attention": "scaled_dot", "decoder_units": 100}},
            "decoder_units (100) must be the width of the encoder's output (512",
        ),
    ],
)
def test_a_mistake_in_the_file_is_one_line_with_its_path(content: dict[str, Any] | str, expected: str, tmp_path: Path) -> None:
    path = write(tmp_path, content)
    message = failure(path)
    assert expected in message
    assert str(path) in message


def test_a_file_that_cannot_be_read_is_one_line(tmp_path: Path) -> None:
    assert "No such file" in failure(tmp_path / "gone.yaml")
    (tmp_path / "latin.yaml").write_bytes(b"data: {name: \xe9}")
    assert "cannot read config" in failure(tmp_path / "latin.yaml")


def test_find_config_by_path_by_name_or_not_at_all(tmp_path: Path) -> None:
    assert find_config(str(write(tmp_path, DEMO))) == tmp_path / "config.yaml"
    assert find_config("demo").name == "demo.yaml"
    with pytest.raises(ConfigError, match=r"no config 'dmeo': .*demo"):
        find_config("dmeo")


# Paths


def test_paths_are_relative_to_the_yaml(tmp_path: Path) -> None:
    path = write(tmp_path / "configs", files("../texts/a.en"))
    assert train_source(load_config(path)) == tmp_path / "configs" / "../texts/a.en"


def test_paths_are_relative_to_the_data_root_if_the_file_is_there(tmp_path: Path) -> None:
    root = tmp_path / "corpora"
    root.mkdir()
    path = write(tmp_path / "configs", files(root="../corpora"))
    assert train_source(load_config(path)) == tmp_path / "configs" / "text.en"
    (root / "text.en").write_text("x")
    source = train_source(load_config(path))
    assert source is not None
    assert source.resolve() == (root / "text.en").resolve()


def test_paths_in_overrides_are_relative_to_the_working_directory(tmp_path: Path, own_folder: Path) -> None:
    root = tmp_path / "corpora"
    root.mkdir()
    path = write(tmp_path / "configs", files(root=str(root)))
    assert train_source(load_config(path, ["data.train.source=mine.en"])) == own_folder / "mine.en"
    (root / "mine.en").write_text("x")
    assert train_source(load_config(path, ["data.train.source=mine.en"])) == root / "mine.en"
    (own_folder / "mine.en").write_text("x")  # what lies here is what was meant
    assert train_source(load_config(path, ["data.train.source=mine.en"])) == own_folder / "mine.en"


def test_every_path_of_a_list_or_a_mapping_is_made_absolute(tmp_path: Path, own_folder: Path) -> None:
    entries = [{"memory": ["a.tmx", "/b.po"], "weight": 2}, {"corpus": "mine.yaml"}, {"tfds_folder": "folder"}, {"corpus": "demo"}]
    path = write(tmp_path, mix(entries, tests={"news": {"tsv": "news.tsv"}}, tfds_dir="sets"))
    data = load_config(path, ["data.mix.0.weight=3", "data.mix.2.tfds_folder=other", "data.tests.more.tsv=more.tsv"]).data
    assert data.mix is not None
    assert data.mix[0].memories == (tmp_path / "a.tmx", Path("/b.po"))
    assert (data.mix[0].weight, data.mix[1].corpus, data.mix[3].corpus) == (3, str(tmp_path / "mine.yaml"), "demo")
    assert (data.mix[2].tfds_folder, data.tfds_dir) == (own_folder / "other", tmp_path / "sets")
    assert {name: text.tsv for name, text in data.tests.items()} == {"news": tmp_path / "news.tsv", "more": own_folder / "more.tsv"}
    assert "mix has 4 members, mix.0 to mix.3; no mix.4" in failure(path, "data.mix.4.weight=1")
    assert "unknown key data.mix.0.wait; did you mean data.mix.0.weight?" in failure(path, "data.mix.0.wait=1")


def test_a_mixture_saved_and_loaded_again_is_equal(tmp_path: Path) -> None:
    config = load_config(write(tmp_path, mix([{"memory": ["a.tmx"], "fuzzy": True}, TO_FRENCH | {"tag": "web"}], target_tags=True)))
    save_config(config, tmp_path / "saved.yaml")
    assert load_config(tmp_path / "saved.yaml") == config
    assert config.data.tags == ("2de", "2fr", "web")
    assert config.data.directions == (("en", "de"), ("en", "fr"))


def test_absolute_paths_and_home_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/someone")
    config = load_config(write(tmp_path, files("/texts/a.en", "~/a.de")))
    assert config.data.train is not None
    assert (config.data.train.source, config.data.train.target) == (Path("/texts/a.en"), Path("/home/someone/a.de"))


def test_a_corpus_name_is_no_path_but_a_description_is(tmp_path: Path) -> None:
    assert load_config(write(tmp_path, DEMO)).data.corpus == "demo"
    config = load_config(write(tmp_path, {"data": DEMO["data"] | {"corpus": "mine.yaml"}}))
    assert config.data.corpus == str(tmp_path / "mine.yaml")


def test_the_data_root_from_override_yaml_and_environment_in_that_order(
    tmp_path: Path, own_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain, rooted = write(tmp_path / "a", DEMO), write(tmp_path / "b", {"data": DEMO["data"] | {"root": "texts"}})
    assert load_config(plain).data.root is None
    monkeypatch.setenv(DATA_ROOT_VARIABLE, "from-environment")
    assert load_config(plain).data.root == own_folder / "from-environment"
    assert load_config(rooted).data.root == tmp_path / "b" / "texts"
    assert load_config(rooted, ["data.root=from-override"]).data.root == own_folder / "from-override"


# The page

PAGE = Path(__file__).resolve().parent.parent / "docs" / "corpora.md"


def table(section: type[Section], but: type[Section] | None = None) -> str:
    """The settings of a section as a table in Markdown, without those that `but` has already."""
    rows = ["| setting | default | |", "|---|---|---|"]
    for name, field in section.model_fields.items():
        if but is None or name not in but.model_fields:
            default = "" if field.is_required() or field.default in (None, {}) else f"`{yaml.safe_dump(field.default).split()[0]}`"
            description = str(field.description).replace("<", "&lt;")  # a tag is no HTML
            rows.append(f"| `{name}` | {default} | {description} |")
    return "".join(f"{row}\n" for row in rows)


@pytest.mark.parametrize(
    ("name", "section", "but"), [("data", DataConfig, None), ("text", ParallelText, None), ("mix", MixEntry, ParallelText)]
)
def test_the_page_of_corpora_has_every_setting_as_it_is(name: str, section: type[Section], but: type[Section] | None) -> None:
    found = re.search(rf"^<!-- {name}: .*? -->\n(.*?)^<!-- {name} end -->$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert found
    assert found[1] == table(section, but)


def test_the_examples_of_the_page_are_configs(tmp_path: Path) -> None:
    blocks = re.findall(r"^```yaml\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert len(blocks) > 5
    for block in blocks:
        load_config(write(tmp_path, block))


# Saving


def test_saved_and_loaded_again_is_equal_from_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = load_config(
        write(tmp_path / "a", files(root="r", valid={"tsv": "v.tsv"})), ["training.deadline_minutes=2.5", "model.dropout=0"]
    )
    (tmp_path / "run").mkdir()
    save_config(config, tmp_path / "run" / "config.yaml")
    monkeypatch.chdir("/")
    assert load_config(tmp_path / "run" / "config.yaml") == config


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "training.seed": st.integers(0, 2**31 - 1),
            "training.learning_rate": st.floats(1e-12, 1e3),
            "training.label_smoothing": st.floats(0, 1, exclude_max=True),
            "training.schedule": st.sampled_from(["cosine", "inverse_sqrt", "constant"]),
            "tokenizer.vocabulary_size": st.integers(16, 10**6),
            "model.decoder_layers": st.integers(1, 9),
            "data.max_length_ratio": st.floats(1, 100, exclude_min=True),
            "data.source_language": st.text(st.characters(codec="utf-8", categories=["L"]), min_size=1, max_size=5),
        },
    )
)
@settings(max_examples=40, deadline=None)
def test_any_setting_survives_the_override_and_the_file(tmp_path_factory: pytest.TempPathFactory, chosen: dict[str, Any]) -> None:
    folder = tmp_path_factory.mktemp("config")
    overrides = [
        f"{key}={yaml.safe_dump(value, allow_unicode=True).removesuffix('...' + chr(10)).strip()}" for key, value in chosen.items()
    ]
    config = load_config(write(folder, DEMO), overrides)
    for key, value in chosen.items():
        section, name = key.split(".")
        assert getattr(getattr(config, section), name) == value
    save_config(config, folder / "saved.yaml")
    assert load_config(folder / "saved.yaml") == config
