"""The demonstration: train on the built-in corpus, evaluate beside two baselines, translate unseen lines, say what to type next."""

import os
import shutil
import sys
from itertools import islice
from pathlib import Path

from rich.console import Console
from rich.table import Table

from nmt.baselines import nearest_neighbour, word_by_word
from nmt.config_file import find_config, load_config
from nmt.data.corpus import open_split
from nmt.evaluation import bleu
from nmt.loading import load_translator
from nmt.recipes import train
from nmt.shown import tracked, translate_shown

SHOWN_LINES = 5


def demo(run_path: Path, overrides: list[str], console: Console, threads: int | None = None) -> None:
    """Run the whole line on the demonstration fragment.

    Args:
        run_path: the run directory; a finished run is only evaluated and shown again.
        overrides: `section.key=value` settings over configs/demo.yaml.
        console: where results are printed; progress goes to stderr.
        threads: CPU threads; default: all that this process may use.
    """
    config = load_config(find_config("demo"), overrides)
    model = train(config, run_path, Console(stderr=True, highlight=False), threads=threads)
    if model is None:
        return  # one of several workers that TF_CONFIG names: the first one shows
    translator = load_translator(model)
    test = [(pair.source, pair.target) for pair in open_split(config.data, "test")]
    sources, references = [source for source, _ in test], [target for _, target in test]
    progress = Console(stderr=True, highlight=False)
    outputs = translate_shown(translator, sources, progress)
    known = [(pair.source, pair.target) for pair in open_split(config.data, "train")]
    baselines = {"copying the nearest training sentence": nearest_neighbour, "word-by-word lookup": word_by_word}
    rows = {"this model": outputs}
    for name, baseline in tracked(baselines.items(), "baselines", progress):
        rows[name] = baseline(known, sources)
    scores = {name: bleu(hypotheses, references, config.data.target_language) for name, hypotheses in rows.items()}

    table = Table(title=f"BLEU on {len(test)} unseen test sentences of the demonstration fragment", title_justify="left")
    table.add_column("system")
    table.add_column("BLEU", justify="right")
    for name, score in scores.items():
        table.add_row(name, f"{score.score:.2f}")
    console.print(table)
    console.print(f"signature: {scores['this model'].signature}", markup=False, soft_wrap=True)
    pairs = Table(title="Sentences it has never seen", title_justify="left")
    for column in ("English", "German by the model", "reference"):
        pairs.add_column(column, overflow="fold")
    for row in islice(zip(sources, outputs, references, strict=True), SHOWN_LINES):
        pairs.add_row(*row)
    console.print(pairs)
    console.print(_next_steps(run_path, sources[SHOWN_LINES]), markup=False, highlight=False, soft_wrap=True)


def command() -> str:
    """What to type for `nmt` here: after `make demo` it is not on the path, only in the environment that this process runs in."""
    started = Path(sys.argv[0])
    if shutil.which("nmt") or started.name != "nmt":
        return "nmt"
    return os.path.relpath(started)


def _next_steps(run_path: Path, sentence: str) -> str:
    nmt = command()
    return f"""
The model lies in {run_path}. What to type next:

  translate your own line (of the words that the fragment knows)
    {nmt} translate {run_path} "{sentence}"
  or many, a line each
    {nmt} translate {run_path} < english.txt > german.txt

  serve it on this machine, with a page for people and the APIs of LibreTranslate and DeepL (then open http://127.0.0.1:8000)
    {nmt} serve {run_path}

  train on your own two files, line for line translations of each other
    {nmt} train --source train.en --target train.de --set training.deadline_minutes=30
    {nmt} translate runs/train-en-de "..."
"""
