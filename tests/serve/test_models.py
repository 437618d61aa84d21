"""Versions on disk: the highest good one is served, a newer one takes its place without a failed request, a bad one is refused."""

import asyncio
import json
import shutil
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from nmt.errors import ConfigError, ModelError
from nmt.model_directory import file_hashes
from serve.load import Target, closed_loop
from serve.loaded_model import load_checked
from serve.metrics import Metrics, ModelMetrics
from serve.models import Models
from serve.settings import Settings
from tests.serve.conftest import LiveServer, start_server


def rewrite_manifest(folder: Path, **changes: object) -> None:
    """Publish a folder again after its files were changed by hand."""
    path = folder / "MODEL.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"files": file_hashes(folder)} | changes))


def damage(folder: Path) -> None:
    with (folder / "tokenizer.model").open("ab") as stream:
        stream.write(b"x")


def change_golden(folder: Path) -> None:
    golden = json.loads((folder / "golden.json").read_text())
    (folder / "golden.json").write_text(json.dumps(dict.fromkeys(golden, "something else")))
    rewrite_manifest(folder)


def remove_graph(folder: Path) -> None:
    (folder / "saved_model.pb").write_bytes(b"no graph")
    rewrite_manifest(folder)


def write_files_in_the_graph(folder: Path) -> None:
    import tensorflow as tf

    module = tf.Module()

    @tf.function(input_signature=[tf.TensorSpec([], tf.string)])
    def spill(text: object) -> object:
        tf.io.write_file("spilt", text)
        return {"text": text}

    module.spill = spill
    tf.saved_model.save(module, str(folder), signatures={"serving_default": spill})
    rewrite_manifest(folder)


def break_manifest(folder: Path) -> None:
    (folder / "MODEL.json").write_text("{")


BAD = {
    "a file that is not the published one": (damage, "sha256"),
    "golden lines that come out otherwise": (change_golden, "golden lines"),
    "a graph that is none": (remove_graph, "not a SavedModel"),
    "a graph that writes files": (write_files_in_the_graph, "WriteFile"),
    "a MODEL.json that cannot be read": (break_manifest, "not a model description"),
}


@pytest.mark.parametrize("how", BAD)
def test_a_bad_model_is_refused_in_one_line(how: str, trained: Path, tmp_path: Path) -> None:
    spoil, reason = BAD[how]
    shutil.copytree(trained / "ende/1", tmp_path / "1")
    spoil(tmp_path / "1")
    with pytest.raises(ModelError, match=reason) as refusal:
        load_checked(tmp_path / "1", None, 4)
    assert "\n" not in str(refusal.value)
    assert not (tmp_path / "spilt").exists()


def test_a_good_model_translates_its_golden_lines(trained: Path) -> None:
    directory, translator, speed = load_checked(trained / "ende/1", None, 4)
    golden = directory.golden_lines()
    assert 1 <= len(golden) <= 8
    assert translator.translate(list(golden)) == list(golden.values())
    assert speed.seconds(100, 10) > 0


def models(*arguments: str, **settings: object) -> Models:
    metrics = Metrics()
    chosen = Settings(models=arguments, **settings)  # type: ignore[arg-type]
    return Models(chosen, lambda name, version: ModelMetrics(metrics, name, version), metrics)


def test_the_highest_version_that_is_good_is_served_and_states_are_told(trained: Path, tmp_path: Path) -> None:
    for version in (2, 10, 11):
        shutil.copytree(trained / "ende/1", tmp_path / f"m/{version}")
    (tmp_path / "m/.tmp-12").mkdir()
    damage(tmp_path / "m/11")

    async def main() -> None:
        served = models(f"m={tmp_path / 'm'}")
        await served.start()
        assert [(model.name, model.version) for model in served.loaded] == [("m", 10)]
        assert served.served["m"].states[11][0] == "END"
        assert "sha256" in served.served["m"].states[11][1]
        assert served.directions.find("EN", "de-DE") is served.loaded[0].main
        assert served.directions.find("de", "en") is None
        shutil.copytree(trained / "ende/1", tmp_path / "m/12")
        await served.look_for_versions()
        assert served.loaded[0].version == 12
        while served.served["m"].states[10][0] != "END":
            await asyncio.sleep(0.01)
        await served.close()

    asyncio.run(main())


def test_a_version_in_use_is_not_ended(trained: Path, tmp_path: Path) -> None:
    shutil.copytree(trained / "ende/1", tmp_path / "1")

    async def main() -> None:
        served = models(f"m={tmp_path}")
        await served.start()
        old = served.loaded[0]
        async with old.in_use():
            shutil.copytree(trained / "ende/1", tmp_path / "2")
            await served.look_for_versions()
            await asyncio.sleep(0.05)
            assert served.served["m"].states[1][0] == "UNLOADING"
            ids = old.translator.encode(["one two."]).sources
            from serve.job import Job

            assert await old.batcher.submit(ids, old.translator.search_for(), Job(time.monotonic() + 5))
        await served.close()
        assert served.served["m"].states[1][0] == "END"

    asyncio.run(main())


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ((), "nothing to serve"),
        (("gone",), "does not exist"),
        (("a b=gone",), "does not exist"),
        (("{ende}", "{ende}"), "two models are called"),
        (("bad name={ende}",), "cannot name a model"),
    ],
)
def test_what_cannot_be_served_is_said(arguments: tuple[str, ...], reason: str, trained: Path) -> None:
    with pytest.raises((ConfigError, ModelError), match=reason):
        models(*(one.format(ende=trained / "ende") for one in arguments))


def test_a_new_version_takes_over_under_load_and_a_bad_one_does_not(trained: Path, tmp_path: Path) -> None:
    versions = tmp_path / "versions"
    shutil.copytree(trained / "ende/1", versions / "1")
    server = start_server(tmp_path, f"m={versions}", "--poll-seconds", "0.2", "--cache-mebibytes", "0")
    try:
        port = int(server.url.rpartition(":")[2])
        rng = np.random.default_rng(3)
        texts = [" ".join(rng.choice(["one", "two", "three", "four"], size=4)) + "." for _ in range(500)]

        def under_load(publish: Callable[[], None], until: Callable[[], bool]) -> None:
            async def main() -> None:
                statuses: Counter[int] = Counter()
                target = Target("127.0.0.1", port, "en", "de")
                for second in range(90):  # as long as it takes, on however slow a machine
                    load = asyncio.create_task(closed_loop(target, texts, 8, 1.0))
                    if second == 0:
                        await asyncio.sleep(0.3)
                        await asyncio.to_thread(publish)
                    statuses += (await load).statuses
                    if second and await asyncio.to_thread(until):
                        break
                assert until()
                assert set(statuses) == {200}, statuses

            asyncio.run(main())

        def put(number: int, spoil: Callable[[Path], None] | None = None) -> None:
            shutil.copytree(versions / "1", versions / f".tmp-{number}")
            if spoil:
                spoil(versions / f".tmp-{number}")
            (versions / f".tmp-{number}").rename(versions / str(number))

        def version() -> int:
            return int(server.get("/nmt/models").json()["models"][0]["version"])

        def refused() -> bool:
            return 'nmt_model_load_failures_total{model="m"} 1.0' in server.get("/metrics").text

        under_load(lambda: put(2), lambda: version() == 2)
        under_load(lambda: put(3, damage), refused)
        assert version() == 2
        assert "sha256" in server.log.read_text()
        states = {one["version"]: one["state"] for one in server.get("/v1/models/m").json()["model_version_status"]}
        assert (states["3"], states["2"], states["1"]) == ("END", "AVAILABLE", "END")
    finally:
        assert server.stop() == 143
        close(server)


def close(server: LiveServer) -> None:
    if server.process.stdout:
        server.process.stdout.close()
