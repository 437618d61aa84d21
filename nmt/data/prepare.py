"""From text to token ids on disk: tokenizer, filters, a validation set, and a manifest that says what was done.

A run folder gets `tokenizer.model` (or the two), and `data/` with the ids of both splits (`pair_store.py`), the validation text and
`manifest.json`. `data/` is built beside and renamed as a whole, so a killed preparation leaves nothing that looks finished.

Training pairs are filtered (`filtering.py`). Validation text is the user's measure and stays whole: only pairs that are blank or broken
leave it, so BLEU sees every sentence; from the validation *ids*, which the loss is measured on, over-long pairs are left out too.
"""

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TextIO

from nmt.atomic import publishing_folder, write_text
from nmt.config import Config
from nmt.data.corpus import corpus_facts, has_split, open_split
from nmt.data.filtering import BLANK, HELD_OUT, LONG, Tally, encoded_chunks, length_fault, text_fault
from nmt.data.hold_out import HoldOut
from nmt.data.manifest import FORMAT_VERSION, MANIFEST_FILE, input_facts, output_facts, read_manifest, settings_sha256, still_holds
from nmt.data.pair_store import PairStore, PairWriter
from nmt.errors import CorpusError, RunError
from nmt.tokenizer import Tokenizer, TokenizerPair, train_tokenizer

Progress = Callable[[str, int], None]

DATA_FOLDER = "data"
_REPORT_EVERY = 4096


@dataclass(frozen=True)
class Prepared:
    """What training reads."""

    folder: Path
    tokenizers: TokenizerPair
    train: PairStore
    valid: PairStore
    manifest: dict[str, Any]

    @cached_property
    def valid_source(self) -> list[str]:
        """Validation sentences as they were given, for BLEU and for the verification of an export."""
        return _read_text(self.folder / "valid.source.txt")

    @cached_property
    def valid_target(self) -> list[str]:
        """Their translations."""
        return _read_text(self.folder / "valid.target.txt")


def prepare(config: Config, run_dir: Path, on_progress: Progress | None = None, *, begun: bool = False) -> Prepared:
    """Prepare the data of a run, or open what an earlier call with the same settings and the same text left there.

    Args:
        config: sections data and tokenizer, and training.seed.
        run_dir: gets the tokenizer and the folder `data`.
        on_progress: called now and then with what is being done and the number of pairs so far.
        begun: the run has weights that were trained on its data, so other data must not take their place.

    Raises:
        CorpusError: text that is missing or damaged, or of which nothing is left.
        TokenizerError: a tokenizer that cannot be trained or used.
        RunError: `run_dir` cannot be written, or the text of a run that has begun is no longer the same.
    """
    folder = run_dir / DATA_FOLDER
    try:
        run_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunError(f"cannot make run folder {run_dir}: {error.strerror or error}") from error
    earlier = read_manifest(folder)
    inputs = input_facts(config, earlier["inputs"] if earlier else None)
    if not (earlier and still_holds(earlier, config, inputs, run_dir, folder)):
        if begun:
            raise RunError(
                f"the text or tokenizer of run {run_dir} has changed since it began; put it back to carry the run on, "
                "or choose another run directory with --run-dir"
            )
        try:
            for remains in run_dir.glob(f".tmp-{DATA_FOLDER}-*"):  # of a preparation that was killed
                shutil.rmtree(remains)
            _build(config, run_dir, folder, inputs, on_progress or _silent)
        except OSError as error:  # reading has its own errors: this is a full disk or a folder without permission
            raise RunError(f"cannot write prepared data below {run_dir}: {error.strerror or error}") from error
    return open_prepared(run_dir)


def open_prepared(run_dir: Path) -> Prepared:
    """Open a run's prepared data as it is, whether or not the text it was made from is still there.

    Raises:
        RunError: the run has no whole prepared data.
    """
    folder = run_dir / DATA_FOLDER
    manifest = read_manifest(folder)
    if manifest is None:
        raise RunError(f"{run_dir} has no prepared data: expected {folder / MANIFEST_FILE}, as nmt train writes it")
    return Prepared(folder, TokenizerPair.load(run_dir), PairStore.open(folder, "train"), PairStore.open(folder, "valid"), manifest)


def _build(config: Config, run_dir: Path, folder: Path, inputs: dict[str, dict[str, Any]], on_progress: Progress) -> None:
    facts = corpus_facts(config.data, {role: fact["sha256"] for role, fact in inputs.items()})
    hold_out = None if has_split(config.data, "valid") else HoldOut(config.data)
    with publishing_folder(folder) as building:
        tokenizers = _tokenizers(config, building, hold_out, on_progress)
        sizes = tokenizers.source.vocabulary_size, tokenizers.target.vocabulary_size
        with PairWriter(building, "train", *sizes) as writer:
            train = _write_train(config, tokenizers, hold_out, writer, on_progress)
        with (
            PairWriter(building, "valid", *sizes) as writer,
            (building / "valid.source.txt").open("w", encoding="utf-8", newline="\n") as source_text,
            (building / "valid.target.txt").open("w", encoding="utf-8", newline="\n") as target_text,
        ):
            valid = _write_valid(config, tokenizers, hold_out, writer, (source_text, target_text))
        manifest = {
            "format_version": FORMAT_VERSION,
            "settings_sha256": settings_sha256(config),
            "seed": config.training.seed,
            "languages": [config.data.source_language, config.data.target_language],
            "corpus": facts,
            "hold_out": hold_out.as_dict() if hold_out else None,
            "counts": {"train": train, "valid": valid},
            "tokenizer": {
                "joint": tokenizers.joint,
                "vocabulary_sizes": list(sizes),
                "files": {name: _sha256(tokenizer) for name, tokenizer in tokenizers.files.items()},
            },
            "inputs": inputs,
            "outputs": output_facts(building),
        }
        # The tokenizer goes first, the data that needs it last: killed in between, the manifest's hashes do not fit and all is redone.
        tokenizers.save(run_dir)
        write_text(building / MANIFEST_FILE, json.dumps(manifest, indent=1, ensure_ascii=False) + "\n")
        if folder.exists():
            folder.rename(building.with_name(f"{building.name}-replaced"))
    shutil.rmtree(building.with_name(f"{building.name}-replaced"), ignore_errors=True)


def _tokenizers(config: Config, folder: Path, hold_out: HoldOut | None, on_progress: Progress) -> TokenizerPair:
    """Load the models that the config gives, or train them on the training text without the held-out pairs."""
    wanted = config.tokenizer
    if wanted.model:
        joint = Tokenizer.load(wanted.model)
        return TokenizerPair(joint, joint)
    if wanted.source_model and wanted.target_model:
        return TokenizerPair(Tokenizer.load(wanted.source_model), Tokenizer.load(wanted.target_model))

    def sentences(*sides: int) -> Iterator[str]:
        for number, pair in enumerate(open_split(config.data, "train")):
            if number % _REPORT_EVERY == 0:
                on_progress("training the tokenizer", number)
            if not text_fault(pair) and not (hold_out and pair in hold_out):
                yield from ((pair.source, pair.target)[side] for side in sides)

    path, seed = folder / ".tokenizer", config.training.seed
    try:
        if wanted.joint:
            joint = train_tokenizer(sentences(0, 1), path, wanted, seed)
            return TokenizerPair(joint, joint)
        return TokenizerPair(train_tokenizer(sentences(0), path, wanted, seed), train_tokenizer(sentences(1), path, wanted, seed))
    finally:
        path.unlink(missing_ok=True)


def _write_train(
    config: Config, tokenizers: TokenizerPair, hold_out: HoldOut | None, writer: PairWriter, on_progress: Progress
) -> dict[str, Any]:
    tally = Tally()
    for chunk in encoded_chunks(open_split(config.data, "train"), tokenizers, tally):
        kept = []
        for encoded in chunk:
            fault = HELD_OUT if hold_out and encoded.pair in hold_out else length_fault(encoded, config.data)
            if fault:
                tally.drop(fault, encoded.pair.line)
            else:
                kept.append(encoded)
        writer.append([encoded.source for encoded in kept], [encoded.target for encoded in kept])
        tally.kept += len(kept)
        on_progress("encoding", tally.read)
    if tally.kept == 0:
        raise CorpusError(f"no training pairs are left of {tally.read:,}: {tally.explain()}")
    return tally.as_dict()


def _write_valid(
    config: Config, tokenizers: TokenizerPair, hold_out: HoldOut | None, writer: PairWriter, texts: tuple[TextIO, TextIO]
) -> dict[str, Any]:
    tally, measured = Tally(), 0
    for chunk in encoded_chunks(hold_out.pairs() if hold_out else open_split(config.data, "valid"), tokenizers, tally):
        for encoded in chunk:
            fault = length_fault(encoded, config.data)
            if fault in {BLANK, LONG}:
                tally.drop(fault, encoded.pair.line)
            if fault == BLANK:
                continue
            tally.kept += 1
            for text, sentence in zip(texts, encoded.pair[:2], strict=True):
                text.write(f"{sentence}\n")
            if fault != LONG:
                writer.append([encoded.source], [encoded.target])
                measured += 1
    if measured == 0:
        raise CorpusError(f"no validation pairs are left of {tally.read:,}: {tally.explain()}")
    return tally.as_dict() | {"in_loss": measured}


def _sha256(tokenizer: Tokenizer) -> str:
    return hashlib.sha256(tokenizer.model).hexdigest()


def _read_text(path: Path) -> list[str]:
    with path.open(encoding="utf-8", newline="\n") as file:
        return file.read().split("\n")[:-1]


def _silent(stage: str, pairs: int) -> None:
    """Report to nobody."""
