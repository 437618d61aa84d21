"""A translator from the files of a model: its directions, its tokenizers, and the engine that its graph asks for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from nmt.directions import Directions
from nmt.errors import ModelError
from nmt.model_directory import ModelDirectory, find_model_directory
from nmt.translator import Translator

if TYPE_CHECKING:
    from nmt.runtime.interface import Runtime


def load_translator(
    model: str | Path,
    *,
    threads: int | None = None,
    shortlist: bool = False,
    target: str | None = None,
    source: str | None = None,
    tag: str | None = None,
) -> Translator:
    """Load the model that `model` names (see `nmt.model_directory`), with its tokenizers, in TensorFlow or in LiteRT, as its files ask.

    Args:
        model: Its path.
        threads: CPU threads; default: all.
        shortlist: Search only among the target pieces that the model's lexical shortlist selects for each batch: faster, and an
            approximation. What a line becomes may then depend on the lines that are translated beside it.
        target: What to translate into, as `Translator.into` takes it; default: the main direction.
        source: The same.
        tag: The same.

    Raises:
        ModelError: not a model, or one with missing files; a direction or tag that it has not learnt; a shortlist where there is none.
        TokenizerError: a damaged tokenizer.
    """
    directory = find_model_directory(model)
    directory.check_files()
    from nmt.tokenizer import TokenizerPair

    # What can be told to be wrong in no time comes first: TensorFlow takes seconds.
    manifest = directory.manifest
    directions = Directions(manifest.directions, manifest.target_tags, manifest.corpus_tags)
    directions.tags(directions.find(source, target), tag)
    tokenizers = TokenizerPair.load(directory.path)
    tokenizers.tag_ids(directions.all_tags)
    translator = Translator(
        _load_runtime(directory, threads, shortlist),
        tokenizers,
        manifest.limits,
        manifest.search,
        name=manifest.name,
        directions=directions,
    )
    return translator.into(target, source=source, tag=tag)


def _load_runtime(directory: ModelDirectory, threads: int | None, shortlist: bool) -> Runtime:
    if directory.is_litert:
        if shortlist:
            raise ModelError(f"{directory.path} is a model for LiteRT, which takes no shortlist: leave it out, or use the run's SavedModel")
        from nmt.runtime.litert import LiteRtRuntime

        return LiteRtRuntime(directory.path, directory.manifest.limits, threads)
    selection = None
    if shortlist:
        from nmt.shortlist import SHORTLIST_FILE, Shortlist

        selection = Shortlist.load(directory.path / SHORTLIST_FILE)
    from nmt.runtime.savedmodel import SavedModelRuntime

    return SavedModelRuntime(directory.path, threads, selection)
