"""The thing that is published: what the wheel holds, and that its copy alone, without the checkout, finds all that it needs."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import nmt
from nmt.shipped import shipped_folder, shipped_names

CHECKOUT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built without isolation: an isolated build would download its tools."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(CHECKOUT)]
    built = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert built.returncode == 0, built.stderr
    (wheel,) = folder.glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the wheel is installed in."""
    folder = tmp_path_factory.mktemp("installed")
    options = ["--quiet", "--disable-pip-version-check", "--no-deps", "--no-index", "--no-compile", "--target", str(folder)]
    subprocess.run([sys.executable, "-m", "pip", "install", *options, str(wheel)], check=True, timeout=120)
    return folder


def run_installed(installed: Path, cwd: Path, code: str) -> str:
    """Run code that imports the installed copy: it comes first on the path, the checkout of an editable install not at all."""
    start = f"""if True:
        import sys
        sys.path[:] = [{str(installed)!r}, *(entry for entry in sys.path if entry != {str(CHECKOUT)!r})]
        import nmt
        assert nmt.__file__.startswith({str(installed)!r}), nmt.__file__
    """
    command = [sys.executable, "-c", f"{start}\n{code}"]
    found = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=120, check=False)
    assert found.returncode == 0, found.stderr
    return found.stdout


def test_the_wheel_holds_the_package_and_what_ships_with_it(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    sources = {path.relative_to(CHECKOUT).as_posix() for package in ("nmt", "serve") for path in (CHECKOUT / package).rglob("*.py")}
    beside = {
        "nmt/py.typed",
        "serve/py.typed",
        "serve/api/openapi.yaml",
        *(f"serve/page/{name}" for name in ("index.html", "page.css", "page.js")),
    }
    shipped = {f"nmt/share/{path.relative_to(CHECKOUT)}" for kind in ("configs", "corpora") for path in (CHECKOUT / kind).rglob("*.yaml")}
    assert "nmt/share/configs/demo.yaml" in shipped
    assert "nmt/share/corpora/demo/lexicon.yaml" in shipped
    assert (sources | shipped | beside) - names == set()
    assert [name for name in names if name.endswith(".dist-info/licenses/LICENSE")]
    assert {name.split("/")[0].split("-")[0] for name in names} == {"nmt", "serve", "carousel_nmt"}, (
        "nothing but the packages and their description"
    )


def test_the_installed_command_line_works_from_anywhere(installed: Path, tmp_path: Path) -> None:
    code = "from nmt.cli import main; sys.argv = ['nmt', *{}]; main()"
    assert run_installed(installed, tmp_path, code.format(["--help"])).startswith("Usage: nmt ")
    assert run_installed(installed, tmp_path, code.format(["--version"])) == f"nmt {nmt.__version__}\n"
    assert (installed / "bin" / "nmt").is_file()


def test_the_installed_copy_brings_configs_and_corpora(installed: Path, tmp_path: Path) -> None:
    code = "from nmt.shipped import *\nfor kind in ('configs', 'corpora'): print(shipped_folder(kind), *shipped_names(kind))"
    lines = run_installed(installed, tmp_path, code).splitlines()
    assert lines == [" ".join([str(installed / "nmt" / "share" / kind), *shipped_names(kind)]) for kind in ("configs", "corpora")]


def test_the_installed_server_brings_its_page_and_its_description(installed: Path, tmp_path: Path) -> None:
    code = """if True:
        from serve.api.openapi import openapi
        from serve.page import page
        print(len(page().html) > 9999, "/translate" in openapi()["paths"])
    """
    assert run_installed(installed, tmp_path, code) == "True True\n"


def test_the_installed_copy_generates_and_prepares_demo_data(installed: Path, tmp_path: Path) -> None:
    code = """if True:
        from pathlib import Path
        from nmt.config_file import find_config, load_config
        from nmt.data.prepare import prepare
        from nmt.shipped import shipped_folder
        demo = (shipped_folder("corpora") / "demo.yaml").read_text(encoding="utf-8")
        Path("small.yaml").write_text(demo[: demo.index("splits:")] + "splits: {train: 300, valid: 20, test: 20}")
        config = load_config(find_config("demo"), ["data.corpus=small.yaml", "tokenizer.vocabulary_size=500"])
        prepared = prepare(config, Path("run"))
        print(len(prepared.train), len(prepared.valid_source), prepared.valid_source[0])
    """
    train, valid, sentence = run_installed(installed, tmp_path, code).split(" ", 2)
    assert 250 < int(train) <= 300
    assert int(valid) == 20
    assert sentence.strip()


def test_the_installed_copy_reads_a_set_of_tensorflow_datasets(installed: Path, tmp_path: Path) -> None:
    code = """if True:
        from pathlib import Path
        from nmt.backend import load_backend
        load_backend()
        import tensorflow_datasets as tfds
        class Counting(tfds.core.GeneratorBasedBuilder):
            VERSION = tfds.core.Version("1.0.0")
            def _info(self):
                return tfds.core.DatasetInfo(builder=self, features=tfds.features.Translation(languages=("de", "en")))
            def _split_generators(self, manager):
                return {"train": self._generate_examples()}
            def _generate_examples(self):
                return ((number, {"en": f"line {number}", "de": f"Zeile {number}"}) for number in range(3))
        tfds.disable_progress_bar()
        tfds.builder("counting", data_dir="sets").download_and_prepare()
        from nmt.config import DataConfig
        from nmt.data.corpus import open_split
        config = DataConfig(source_language="de", target_language="en", corpus="tfds:counting", tfds_dir=Path("sets"))
        print(sorted(pair[:2] for pair in open_split(config, "train")))
    """
    said = run_installed(installed, tmp_path, code).splitlines()[-1]
    assert said == "[('Zeile 0', 'line 0'), ('Zeile 1', 'line 1'), ('Zeile 2', 'line 2')]"


def test_an_editable_install_finds_the_checkout() -> None:
    if not Path(nmt.__file__).is_relative_to(CHECKOUT):
        pytest.skip("these tests run against an installed wheel")
    assert [shipped_folder(kind) for kind in ("configs", "corpora")] == [CHECKOUT / "configs", CHECKOUT / "corpora"]
    assert "demo" in shipped_names("configs")
