"""From text to token ids on disk: tokenizer, filters, a validation set, and a manifest that says what was done.

A run folder gets `tokenizer.model` (or the two), and `data/` with the ids of both splits (`pair_store.py`), the validation text and
`manifest.json`. `data/` is built beside and renamed as a whole, so a killed preparation leaves nothing that looks finished.
"""

import hashlib
import json
import shutil
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Any

from nmt.atomic import publishing_folder, write_text
from nmt.config import Config
from nmt.data.alignment import AlignmentStore, AlignmentWriter
from nmt.data.corpus import Corpus, corpus_facts, has_split, training_corpora
from nmt.data.encoding import Progress, write_corpus, write_validation
from nmt.data.filtering import text_fault, total
from nmt.data.hold_out import HoldOut
from nmt.data.manifest import FORMAT_VERSION, MANIFEST_FILE, input_facts, output_facts, read_manifest, settings_sha256, still_holds
from nmt.data.mixture import Share
from nmt.data.pair_store import PairStore, PairWriter
from nmt.errors import RunError
from nmt.origin import find_origin
from nmt.tokenizer import Tokenizer, TokenizerPair, train_tokenizer

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
    alignments: AlignmentStore | None = None
    """Of the training pairs, where their text came with word alignments."""

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
    shares = [Share(share["pairs"], share["weight"]) for share in manifest.get("shares", ())]  # data of older runs have none
    train, valid = PairStore.open(folder, "train", shares), PairStore.open(folder, "valid")
    return Prepared(folder, TokenizerPair.load(run_dir), train, valid, manifest, AlignmentStore.open(folder, "train"))


def _build(config: Config, run_dir: Path, folder: Path, inputs: dict[str, dict[str, Any]], on_progress: Progress) -> None:
    records = corpus_facts(config.data, {role: fact["sha256"] for role, fact in inputs.items()})
    corpora = training_corpora(config.data)
    hold_out = None if has_split(config.data, "valid") else HoldOut(config.data)
    with publishing_folder(folder) as building:
        tokenizers = _tokenizers(config, building, corpora, hold_out, on_progress)
        sizes = tokenizers.source.vocabulary_size, tokenizers.target.vocabulary_size
        aligned = any(corpus.text.alignment for corpus in corpora)
        with (
            PairWriter(building, "train", *sizes) as writer,
            AlignmentWriter(building, "train") if aligned else nullcontext() as links,
        ):
            counts = [write_corpus(corpus, config.data, tokenizers, hold_out, (writer, links), on_progress) for corpus in corpora]
        with (
            PairWriter(building, "valid", *sizes) as writer,
            (building / "valid.source.txt").open("w", encoding="utf-8", newline="\n") as source_text,
            (building / "valid.target.txt").open("w", encoding="utf-8", newline="\n") as target_text,
        ):
            valid = write_validation(config.data, tokenizers, hold_out, writer, (source_text, target_text))
        if config.data.mix is not None:
            records = [record | {"counts": count} for record, count in zip(records, counts, strict=False)] + records[len(counts) :]
        manifest = {
            "format_version": FORMAT_VERSION,
            "settings_sha256": settings_sha256(config),
            "seed": config.training.seed,
            "languages": list(config.data.direction),
            "directions": [list(direction) for direction in config.data.directions],
            "tags": list(config.data.tags),
            "corpora": records,
            "shares": [{"pairs": count["kept"], "weight": corpus.weight} for corpus, count in zip(corpora, counts, strict=True)],
            "hold_out": hold_out.as_dict() if hold_out else None,
            "counts": {"train": total(counts), "valid": valid},
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


def _tokenizers(config: Config, folder: Path, corpora: list[Corpus], hold_out: HoldOut | None, on_progress: Progress) -> TokenizerPair:
    """Load the models that the config gives or that its origin has, or train them on the training text without the held-out pairs."""
    wanted, tags = config.tokenizer, config.data.tags
    if wanted.model or (wanted.source_model and wanted.target_model):
        models = [Tokenizer.load(path) for path in (wanted.model, wanted.source_model, wanted.target_model) if path]
        pair = TokenizerPair(models[0], models[-1])
        pair.tag_ids(tags)  # refused before anything is encoded
        return pair
    if config.training.init_from and wanted.from_origin:
        pair = find_origin(config.training.init_from).tokenizers
        pair.tag_ids(tags)
        return pair

    def sentences(*sides: int) -> Iterator[str]:
        for number, pair in enumerate(chain.from_iterable(corpus.text.pairs() for corpus in corpora)):
            if number % _REPORT_EVERY == 0:
                on_progress("training the tokenizer", number)
            if not text_fault(pair) and not (hold_out and pair in hold_out):
                yield from ((pair.source, pair.target)[side] for side in sides)

    path, seed = folder / ".tokenizer", config.training.seed
    try:
        if wanted.joint:
            joint = train_tokenizer(sentences(0, 1), path, wanted, seed, tags)
            return TokenizerPair(joint, joint)
        return TokenizerPair(train_tokenizer(sentences(0), path, wanted, seed, tags), train_tokenizer(sentences(1), path, wanted, seed))
    finally:
        path.unlink(missing_ok=True)


def _sha256(tokenizer: Tokenizer) -> str:
    return hashlib.sha256(tokenizer.model).hexdigest()


def _read_text(path: Path) -> list[str]:
    with path.open(encoding="utf-8", newline="\n") as file:
        return file.read().split("\n")[:-1]


def _silent(stage: str, pairs: int) -> None:
    """Report to nobody."""
