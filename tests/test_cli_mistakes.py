"""What a person can do wrong on the command line: each mistake is told in one line that names it, and leaves nothing behind."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from nmt.config import TokenizerConfig
from nmt.tokenizer import train_tokenizer
from tests.conftest import RunNmt

LINES = 40

CONFIG = """
data:
  source_language: en
  target_language: de
  train: {source: train.en, target: train.de}
"""

MEMORY = """
data:
  source_language: en
  target_language: de
  train: {memory: gone.tmx}
"""

MIXED = """
data:
  source_language: en
  target_language: de
  mix:
    - {source: train.en, target: train.de}
    - {source: train.de, target: train.en, source_language: de, target_language: en}
"""

NAMED = (
    MIXED
    + """
  target_tags: true
  tests:
    web: {tsv: web.tsv}
    back: {tsv: back.tsv, source_language: de, target_language: en}
"""
)

MANIFEST = {
    "format_version": 1,
    "name": "described",
    "source": "en",
    "target": "de",
    "training": {"updates": 1, "seconds": 1.0, "seed": 1},
    "versions": {},
    "limits": {"max_source_pieces": 9, "max_steps": 9},
    "search": {"beam_size": 1, "length_penalty": 1.0},
    "files": {},
}

# What is typed after `nmt`, and what the one line must name. The files are those of the fixture `place`.
MISTAKES = {
    "config that is not there": ("train nowhere.yaml", ["nowhere.yaml", "demo"]),
    "config that is not YAML": ("train broken.yaml", ["broken.yaml"]),
    "config that is a list": ("train list.yaml", ["list.yaml", "list"]),
    "unknown key": ("train unknown.yaml", ["unknown.yaml", "model.droput", "model.dropout"]),
    "unknown key in --set": ("train mine.yaml --set model.droput=0.1", ["--set", "model.droput", "model.dropout"]),
    "--set without a value": ("train mine.yaml --set training.seed", ["training.seed", "section.key=value"]),
    "--set without a section": ("train mine.yaml --set seed=1", ["seed=1", "section.key=value"]),
    "value out of range": ("train mine.yaml --set model.dropout=1.5", ["model.dropout", "1.5"]),
    "readout width that tying forbids": ("train mine.yaml --set model.readout_units=8", ["readout_units (8)", "tying none"]),
    "value of another kind": ("train mine.yaml --set training.seed=one", ["training.seed", "one"]),
    "data file that is not there": ("train mine.yaml --set data.train.target=gone.de", ["gone.de"]),
    "data file that is empty": ("train mine.yaml --set data.train.target=empty", ["empty is empty"]),
    "files of unequal length": ("train mine.yaml --set data.train.target=short.de", ["train.en has 40", "short.de has 39"]),
    "text that is not UTF-8": ("train mine.yaml --set data.train.target=latin1.de", ["latin1.de, line 7", "UTF-8"]),
    "damaged gzip": ("train mine.yaml --set data.train.target=damaged.de.gz", ["damaged.de.gz", "gzip"]),
    "language that a corpus lacks": ("train demo --set data.target_language=fr", ["demo", "'fr'", "en, de"]),
    "corpus that nobody described": ("train demo --set data.corpus=multi31k", ["multi31k", "multi30k"]),
    "memory that is not there": ("train memory.yaml", ["gone.tmx", "No such file"]),
    "memory that is damaged": ("train memory.yaml --set data.train.memory=broken.tmx", ["broken.tmx, line 2", "well-formed"]),
    "memory of another kind": ("train memory.yaml --set data.train.memory=train.en", ["train.en", ".tmx"]),
    "memory of other languages": ("train memory.yaml --set data.train.memory=french.tmx", ["french.tmx", "fr-FR"]),
    "TFDS set of no such name": ("train demo --set data.corpus=tfds:ted_hrl_translate/pt_to_en", ["did you mean ted_hrlr_translate?"]),
    "TFDS set that is no translation": ("train demo --set data.corpus=tfds:mnist", ["tfds:mnist", "image, label"]),
    "TFDS set without a network": (
        "train demo --set data.corpus=tfds:ted_hrlr_translate/pt_to_en --set data.tfds_dir=sets",
        ["tfds:ted_hrlr_translate/pt_to_en", "sets/ted_hrlr_translate/pt_to_en/1.0.0", "data.tfds_dir"],
    ),
    "mixture of two directions without tags": ("train mixed.yaml", ["en → de, de → en", "target_tags: true"]),
    "mixture of two directions, two vocabularies": (
        "train mixed.yaml --set data.target_tags=true --set tokenizer.joint=false",
        ["tokenizer.joint: true"],
    ),
    "set that a described corpus lacks": (
        "train demo --set data.valid.corpus=demo --set data.valid.split=dev",
        ["demo", "has no dev set", "train, valid"],
    ),
    "fetch of a language of a TFDS set": ("fetch tfds:opus --language de", ["--language", "nmt fetch --help"]),
    "described corpus that is not there yet": ("train multi30k_en_de", ["train.en.gz", "nmt fetch multi30k"]),
    "fetch of a corpus that nobody described": ("fetch multi31k", ["multi31k", "multi30k"]),
    "fetch of a language that a corpus lacks": ("fetch multi30k --language xx", ["multi30k", "'xx'"]),
    "fetch of a corpus that is generated": ("fetch demo", ["demo"]),
    "run directory that is a file": ("train mine.yaml --run-dir train.en", ["train.en", "--run-dir"]),
    "run directory of another config": (
        "train mine.yaml --run-dir begun --set training.seed=2 --set model.dropout=0",
        ["begun", "training.seed", "model.dropout", "--run-dir"],
    ),
    "fine-tuning from nothing": ("train mine.yaml --init-from gone", ["gone", "does not exist"]),
    "fine-tuning from a folder that is no model": ("train mine.yaml --init-from folder", ["folder", "MODEL.json"]),
    "fine-tuning from a LiteRT model": ("train mine.yaml --init-from small", ["small", "LiteRT", "name the run"]),
    "fine-tuning from another model than the config describes": (
        "train mine.yaml --init-from tuned --set model.cell=gru --set model.dropout=0",
        ["tuned", "model.cell is gru, there it is lstm", "leave it out"],
    ),
    "fine-tuning and word vectors": (
        "train mine.yaml --init-from tuned --set model.pretrained_source=narrow.vec",
        ["training.init_from", "model.pretrained_source"],
    ),
    "minimum-risk training from nothing": ("train mine.yaml --set training.criterion=minimum_risk", ["minimum_risk", "init_from"]),
    "minimum-risk training with one candidate": (
        "train mine.yaml --init-from tuned --set training.minimum_risk.candidates=1",
        ["training.minimum_risk.candidates", "2"],
    ),
    "minimum-risk training of several workers": (
        "train mine.yaml --init-from tuned --set training.criterion=minimum_risk --workers a:1,b:1 --index 0",
        ["minimum_risk", "one process", "2 workers"],
    ),
    "minimum-risk training by two kinds of BLEU": (
        "train mixed.yaml --init-from tuned --set training.criterion=minimum_risk --set data.target_tags=true "
        "--set data.mix.1.target_language=zh",
        ["minimum_risk", "de, zh", "data.mix"],
    ),
    "minimum-risk training of two passes": (
        "train mine.yaml --init-from tuned --set training.criterion=minimum_risk --set training.r_drop=1",
        ["r_drop", "minimum_risk", "set r_drop to 0"],
    ),
    "subword sampling beyond one": ("train mine.yaml --set training.subword_sampling=2", ["training.subword_sampling", "1"]),
    "criterion of no such name": ("train mine.yaml --set training.criterion=mrt", ["training.criterion", "mrt", "minimum_risk"]),
    "frozen weights of no such name": (
        "train mine.yaml --set training.freeze=[encodr.forward_0]",
        ["training.freeze", "'encodr.forward_0'", "did you mean encoder.forward_0?"],
    ),
    "run directory in use": ("train mine.yaml --run-dir held", ["held", "in use by process"]),
    "demo with an unknown key": ("demo --set training.sead=2", ["training.sead", "training.seed"]),
    "translate: no such model": ("translate gone hello", ["gone", "does not exist"]),
    "translate: an empty folder": ("translate folder hello", ["folder", "MODEL.json"]),
    "translate: a file": ("translate train.en hello", ["train.en", "not a folder"]),
    "evaluate: no such model": ("evaluate gone --source train.en --reference train.de", ["gone", "does not exist"]),
    "evaluate: an empty folder": ("evaluate folder --source train.en --reference train.de", ["folder", "MODEL.json"]),
    "evaluate: a file": ("evaluate train.en --source train.en --reference train.de", ["train.en", "not a folder"]),
    "info: no such model": ("info gone", ["gone", "does not exist"]),
    "info: an empty folder": ("info folder", ["folder", "MODEL.json"]),
    "info: a file": ("info train.en", ["train.en", "not a folder"]),
    "export: no such run": ("export gone", ["gone", "not a run"]),
    "export: an empty folder": ("export folder", ["folder", "not a run"]),
    "export: a file": ("export train.en", ["train.en", "not a run"]),
    "export --strings: no such run": ("export gone --strings", ["gone", "does not exist"]),
    "export --strings: a run without an export": ("export begun --strings", ["begun", "MODEL.json"]),
    "export --strings: a model that is no run, without -o": ("export described --strings", ["described", "-o DIR"]),
    "export --strings: output onto a file": ("export described --strings -o train.en", ["train.en", "not a folder"]),
    "export --strings: output below a file": ("export described --strings -o train.en/x", ["train.en", "not a folder"]),
    "export --strings: with --checkpoint": (
        "export begun --strings --checkpoint best",
        ["--strings", "--checkpoint", "nmt export --help"],
    ),
    "export: an ensemble without -o": ("export begun trained", ["-o DIR"]),
    "export: an ensemble of strings": ("export begun trained --strings -o out", ["--strings", "one run", "nmt export --help"]),
    "export: an ensemble with what is no run": ("export trained described -o out", ["described", "not a run"]),
    "characters that SentencePiece would not leave out": (
        "train mine.yaml --set tokenizer.character_coverage=0.95",
        ["character_coverage", "0.98", "0.95"],
    ),
    "coverage penalty without an attention": (
        "train mine.yaml --set search.coverage_penalty=0.2 --set model.attention=none",
        ["search.coverage_penalty is 0.2", "model.attention is none"],
    ),
    "translate: a penalty below 0": ("translate described hello --coverage-penalty -1", ["--coverage-penalty", "nmt translate --help"]),
    "evaluate: a penalty of another kind": (
        "evaluate described --source train.en --reference train.de --length-penalty long",
        ["--length-penalty", "valid number", "nmt evaluate --help"],
    ),
    "no micro-batch": ("train mine.yaml --set training.accumulate=0", ["training.accumulate", "0"]),
    "precision of no such name": ("train mine.yaml --set training.precision=float8", ["training.precision", "float8", "bfloat16"]),
    "train: no threads": ("train mine.yaml --threads 0", ["--threads", "1", "nmt train --help"]),
    "more micro-batches than tokens": ("train mine.yaml --set training.accumulate=2000", ["accumulate (2000)", "1024 tokens"]),
    "word vectors of another width": (
        "train mine.yaml --set model.pretrained_source=narrow.vec",
        ["narrow.vec", "2 numbers", "model.embedding_units=2"],
    ),
    "word vectors that are not there": ("train mine.yaml --set model.pretrained_target=gone.vec", ["gone.vec", "No such file"]),
    "word vectors that are none": ("train mine.yaml --set model.pretrained_source=train.en", ["train.en", "GloVe"]),
    "word alignments that are not there": ("train mine.yaml --set data.train.alignment=gone.links", ["gone.links"]),
    "word alignments that are none": ("train mine.yaml --set data.train.alignment=train.de", ["train.de", "line 1", "SOURCE-TARGET"]),
    "word alignments without an attention": (
        "train mine.yaml --set data.train.alignment=train.de --set model.attention=none",
        ["alignment", "model.attention is none"],
    ),
    "heads that do not part the width": (
        "train mine.yaml --set model.attention=multi_head --set model.attention_heads=7",
        ["attention_heads", "7"],
    ),
    "train: workers without an index": ("train mine.yaml --workers a:1,b:1", ["--index", "0 for the first"]),
    "train: an index without workers": ("train mine.yaml --index 1", ["--index", "--workers", "nmt train --help"]),
    "train: a worker that is none": ("train mine.yaml --workers a:1,b --index 1", ["'b'", "host:port"]),
    "train: an index of nobody": ("train mine.yaml --workers a:1,b:1 --index 2", ["--index is 2", "expected 0 to 1"]),
    "train: workers where one process is wanted": (
        "train mine.yaml --workers a:1,b:1 --index 1 --set training.distribution=none",
        ["training.distribution is none", "auto"],
    ),
    "train: several workers of whom nobody says who": (
        "train mine.yaml --set training.distribution=multi_worker",
        ["--workers", "TF_CONFIG", "srun"],
    ),
    "train: no patience at all": ("train mine.yaml --set training.stall_seconds=0", ["training.stall_seconds", "greater than 0"]),
    "train: nothing to train on": ("train", ["CONFIG", "--source", "--tsv", "--memory"]),
    "train: a config and files": ("train demo --source train.en --target train.de", ["demo", "not both"]),
    "train: one file alone": ("train --source train.en", ["--target is missing"]),
    "train: files of no known language": ("train --source train.en --target Makefile", ["--target-lang"]),
    "train: no such file": ("train --source gone.en --target gone.de", ["gone.en"]),
    "train: two kinds of text": ("train --source train.en --target train.de --tsv pairs.tsv", ["one of the three"]),
    "export --format litert: no such run": ("export gone --format litert", ["gone", "not a run"]),
    "export --format litert: a model that is no run": ("export described --format litert", ["described", "not a run"]),
    "export --format litert: with --strings": ("export begun --format litert --strings", ["--strings", "--format litert"]),
    "export --format litert: of no such weights": ("export begun --format litert --weights int4", ["--weights", "int4", "int8"]),
    "export --format litert: of a cell that it does not know": (
        "export gated --format litert",
        ["with cell lstm", "this run has gru", "as a SavedModel"],
    ),
    "export: of no such format": ("export begun --format onnx", ["--format", "onnx", "litert"]),
    "export: --weights of a SavedModel": ("export begun --weights int8", ["--weights", "--format litert"]),
    "export --format litert: output below a file": ("export trained --format litert -o train.en/x", ["train.en", "not a folder"]),
    "translate: a LiteRT model that is damaged": ("translate small hello", ["small/model.tflite"]),
    "translate: a LiteRT model of unknown limits": ("translate limitless hello", ["limitless", "limits.length_factor"]),
    "evaluate: files of unequal length": (
        "evaluate described --source train.en --reference short.de",
        ["train.en has 40", "short.de has 39"],
    ),
    "evaluate: neither files nor a set": ("evaluate described", ["--source", "--reference", "--test", "nmt evaluate --help"]),
    "evaluate: files and a set": ("evaluate described --test valid --source train.en", ["--test", "--source", "nmt evaluate --help"]),
    "evaluate: a set of a model without config": ("evaluate described --test valid", ["described", "config.yaml", "--source"]),
    "evaluate: a set that the config lacks": ("evaluate named --test news", ["'news'", "web"]),
    "evaluate: a set of another direction": ("evaluate named --test back", ["back is de → en", "translates en → de"]),
    "evaluate: a file that is not there": ("evaluate described --source train.en --reference gone.de", ["gone.de"]),
    "tune: no such model": ("tune gone", ["gone", "does not exist"]),
    "tune: one side of a text": ("tune described --source train.en", ["--source", "--reference", "nmt tune --help"]),
    "tune: files of unequal length": ("tune described --source train.en --reference short.de", ["train.en has 40", "short.de has 39"]),
    "tune: a model without config or text": ("tune described", ["described", "config.yaml", "--source and --reference"]),
    "tune: a config without validation text": ("tune named", ["'valid'", "--source and --reference"]),
    "tune: a folder without --write": ("tune described -o out", ["-o", "--write", "nmt tune --help"]),
    "tune: --write of a model that has no number": ("tune described --write", ["described", "-o DIR"]),
    "tune: --write below a file": ("tune described --write -o train.en/x", ["train.en", "not a folder"]),
    "tune: beam out of range": ("tune described --beam 0", ["--beam", "1", "nmt tune --help"]),
    "translate: output into a folder that is not there": ("translate described -o gone/out.txt hello", ["gone/out.txt", "no folder gone"]),
    "translate: output onto a folder": ("translate described -o folder hello", ["folder", "is a folder"]),
    "translate: input that is not there": ("translate described -i gone.txt", ["gone.txt"]),
    "translate: input that is a folder": ("translate described -i folder", ["folder"]),
    "translate: into a language that it has not learnt": ("translate described hello --to fr", ["into fr", "en → de"]),
    "translate: from a language that it has not learnt": ("translate described hello --from fr", ["from fr", "en → de"]),
    "translate: a tag that it has not learnt": ("translate described hello --tag bt", ["'bt'", "without any"]),
    "evaluate: a set and a language": ("evaluate described --test valid --to de", ["--test", "--to", "nmt evaluate --help"]),
    "evaluate: into a language that it has not learnt": (
        "evaluate described --source train.en --reference train.de --to fr",
        ["into fr", "en → de"],
    ),
    "export: a direction of a whole model": ("export begun --to de", ["--to", "--strings", "nmt export --help"]),
    "translate: TEXT and input file": ("translate described hello -i train.en", ["TEXT", "--input", "nmt translate --help"]),
    "translate: --paragraphs and --json": ("translate described --paragraphs --json", ["--paragraphs", "--json"]),
    "option of another kind": ("translate described --beam wide", ["--beam", "nmt translate --help"]),
    "option out of range": ("translate described --beam 0", ["--beam", "1"]),
    "option of no such choice": ("export begun --checkpoint bets", ["--checkpoint", "bets", "best"]),
    "export: an average of nothing": ("export begun --checkpoint average-best-0", ["--checkpoint", "average-best-0", "average-best-N"]),
    "translate: a folder of models": ("translate models hello", ["models is not a model but a folder of models", "models/ende"]),
    "serve: nothing": ("serve", ["nothing to serve", "nmt serve runs/demo"]),
    "serve: no such model": ("serve gone", ["gone", "does not exist"]),
    "serve: a folder of models": ("serve models", ["models is not a model but a folder of models", "models/ende"]),
    "serve: a model of which nothing is there": ("serve described", ["described", "saved_model.pb"]),
    "serve: two models of one name": ("serve described x=described x=described", ["'x'", "NAME=MODEL"]),
    "serve: unknown option": ("serve described --prot 1", ["--prot", "nmt serve --help"]),
    "serve: value of another kind": ("serve described --port http", ["--port", "http"]),
    "serve: keys file that is not there": ("serve described --api-keys-file gone", ["gone", "nmt serve-key gone"]),
    "serve: keys file of another kind": ("serve described --api-keys-file train.en", ["train.en, line 1", "nmt serve-key"]),
    "serve-key: a file of another kind": ("serve-key train.en weblate", ["train.en, line 1", "nmt serve-key"]),
    "serve-key: into a folder that is not there": ("serve-key gone/keys weblate", ["gone/keys", "no folder gone"]),
    "bench serve: no source": ("bench serve described", ["--source", "nmt bench serve --help"]),
    "bench serve: no such source": ("bench serve described --source gone.txt", ["gone.txt"]),
    "bench: nothing to measure": ("bench", ["nmt bench --help"]),
    "bench train: config that is not there": ("bench train nowhere.yaml", ["nowhere.yaml", "demo"]),
    "bench train: unknown key": ("bench train mine.yaml --set model.droput=0.1", ["--set", "model.droput", "model.dropout"]),
    "bench train: data file that is not there": ("bench train mine.yaml --set data.train.target=gone.de", ["gone.de"]),
    "bench train: another criterion": (
        "bench train mine.yaml --set training.init_from=tuned --set training.criterion=minimum_risk",
        ["fresh weights", "training.criterion=likelihood"],
    ),
    "bench train: a run without data": ("bench train mine.yaml --run-dir begun", ["begun", "no prepared data"]),
    "bench train: fewer updates than rounds": (
        "bench train mine.yaml --updates 2 --rounds 3",
        ["2 updates", "3 rounds", "nmt bench train --help"],
    ),
    "bench train: --against without a pattern": ("bench train mine.yaml --against ls", ["--against-pattern", "nmt bench train --help"]),
    "bench train: a pattern without --against": ("bench train mine.yaml --against-pattern (x)", ["--against", "nmt bench train --help"]),
    "bench train: no such program": ("bench train mine.yaml --against gone-program --against-pattern (x)", ["gone-program", "--against"]),
    "bench train: a pattern that is none": ("bench train mine.yaml --against ls --against-pattern (x", ["(x", "regular expression"]),
    "bench train: a pattern without a group": ("bench train mine.yaml --against ls --against-pattern x", ["'x'", "group"]),
    "bench prepare: too few pairs": ("bench prepare --pairs 10", ["--pairs", "1000", "nmt bench prepare --help"]),
    "bench prepare: no such config": ("bench prepare nowhere.yaml", ["nowhere.yaml", "demo"]),
    "bench prepare: text that is not there": ("bench prepare mine.yaml --set data.train.target=gone.de", ["gone.de"]),
    "bench translate: no source": ("bench translate described", ["--source", "nmt bench translate --help"]),
    "bench translate: no such source": ("bench translate described --source gone.txt", ["gone.txt"]),
    "bench translate: an empty source": ("bench translate described --source empty", ["empty is empty"]),
    "bench translate: files of unequal length": (
        "bench translate described --source train.en --reference short.de",
        ["train.en has 40", "short.de has 39"],
    ),
    "bench translate: no such model": ("bench translate gone --source train.en", ["gone", "does not exist"]),
    "bench translate: a model that does not say its sizes": ("bench translate described --source train.en", ["described", "config.yaml"]),
    "bench translate: no such program": ("bench translate described --source train.en --beam 1 --against gone-program", ["gone-program"]),
    "bench translate: --against with two beam sizes": (
        "bench translate described --source train.en --against ls",
        ["--beam", "{beam}", "nmt bench translate --help"],
    ),
    "bench translate: beam out of range": ("bench translate described --source train.en --beam 0", ["--beam", "1"]),
    "inspect: nothing to see": ("inspect", ["nmt inspect --help"]),
    "inspect attention: no such model": ("inspect attention gone hello", ["gone", "does not exist"]),
    "inspect attention: no source": ("inspect attention described", ["SOURCE", "nmt inspect attention --help"]),
    "inspect attention: a target for an export": ("inspect attention described hello hallo", ["described", "run directory"]),
    "inspect attention: pictures below a file": ("inspect attention described hello -o train.en/x", ["train.en", "not a folder", "-o"]),
    "inspect attention: a language that the model has not learnt": ("inspect attention small hello --to fr", ["into fr", "en → de"]),
    "inspect gates: no such run": ("inspect gates gone hello", ["gone", "does not exist"]),
    "inspect gates: an export": ("inspect gates described hello", ["described", "not a run"]),
    "inspect gates: a run without checkpoints": ("inspect gates begun hello", ["begun", "no checkpoint"]),
    "inspect gradients: no such cell": ("inspect gradients --cells lstm,elman", ["'elman'", "layernorm_lstm"]),
    "inspect gradients: a cell twice": ("inspect gradients --cells lstm,lstm", ["lstm,lstm", "twice"]),
    "inspect gradients: too few steps": ("inspect gradients --steps 2", ["--steps", "4"]),
    "inspect gradients: no such start": ("inspect gradients --initial zero", ["--initial", "zero", "orthogonal"]),
    "inspect curves: no run": ("inspect curves", ["RUN", "nmt inspect curves --help"]),
    "inspect curves: no such run": ("inspect curves gone", ["gone", "does not exist"]),
    "inspect curves: a run without figures": ("inspect curves begun", ["begun", "metrics.jsonl"]),
    "inspect tokenizer: no such model": ("inspect tokenizer gone", ["gone", "does not exist"]),
    "inspect tokenizer: a run without data": ("inspect tokenizer begun", ["begun", "no prepared data"]),
    "distill: nothing to translate": ("distill described -o new", ["CONFIG", "--source", "--memory", "nmt distill --help"]),
    "distill: a config and files": ("distill described mine.yaml --source train.en -o new", ["mine.yaml", "not both"]),
    "distill: nowhere to write": ("distill described mine.yaml", ["--output", "nmt distill --help"]),
    "distill: no such model": ("distill gone mine.yaml -o new", ["gone", "does not exist"]),
    "distill: a folder that is there": ("distill described mine.yaml -o folder", ["folder is there already", "-o"]),
    "distill: a folder below none": ("distill described mine.yaml -o gone/new", ["gone/new", "no folder"]),
    "distill: a teacher of other languages": (
        "distill described mine.yaml -o new --set data.target_language=fr",
        ["has not learnt to translate en → fr", "en → de"],
    ),
    "distill: more hypotheses than the beam holds": (
        "distill described mine.yaml -o new --n-best 3 --beam 2",
        ["3 hypotheses", "at least 3", "2"],
    ),
    "distill: files of unequal length": (
        "distill described mine.yaml -o new --set data.train.target=short.de --set data.valid.tsv=pairs.tsv",
        ["train.en has 40", "short.de has 39"],
    ),
    "distill: an alignment and no validation text": (
        "distill described mine.yaml -o new --set data.train.alignment=train.de",
        ["alignment", "give data.valid"],
    ),
    "distill: no such choice": ("distill described mine.yaml -o new --choose worst", ["--choose", "worst", "closest"]),
    "backtranslate: no text": ("backtranslate described -o new", ["--text", "nmt backtranslate --help"]),
    "backtranslate: text that is not there": ("backtranslate described --text gone.en -o new", ["gone.en"]),
    "backtranslate: a tag without a config": ("backtranslate described --text train.en -o new --tag bt", ["--tag", "--config CONFIG"]),
    "backtranslate: a tag that is taken": (
        "backtranslate described --text train.en -o new --config turned.yaml --tag s",
        ["tag 's'", "special piece"],
    ),
    "backtranslate: a model of the same direction": (
        "backtranslate described --text train.de -o new --config mine.yaml",
        ["has not learnt to translate de → en", "en → de"],
    ),
    "backtranslate: pairs of a direction that is not trained": (
        "backtranslate described --text train.en -o new --config mine.yaml --from en --to de",
        ["de → en", "the config trains en → de", "--from"],
    ),
    "audit: nothing": ("audit", ["nothing to audit", "--source", "nmt audit --help"]),
    "audit: corpus that nobody described": ("audit multi31k --source-lang en --target-lang de", ["multi31k", "multi30k", "train.en"]),
    "audit: corpus without its languages": ("audit multi30k --source-lang en", ["target", "--target-lang"]),
    "audit: files without their languages": ("audit --source empty --target train.de", ["source", "--source-lang"]),
    "audit: one side": ("audit train.en", ["train.en is one side", "target file"]),
    "audit: one side by option": ("audit --source train.en", ["--target is missing"]),
    "audit: one side of a test set": ("audit train.en train.de --test-source train.en", ["--test-source", "--test-target"]),
    "audit: a file that is not there": ("audit train.en gone.de", ["gone.de", "No such file"]),
    "audit: a file that is empty": ("audit train.en empty --target-lang de", ["empty is empty"]),
    "audit: files of unequal length": ("audit train.en short.de", ["train.en has 40", "short.de has 39"]),
    "audit: damaged gzip": ("audit train.en damaged.de.gz", ["damaged.de.gz", "gzip"]),
    "audit: a config and files": ("audit mine.yaml --source train.en --target train.de", ["mine.yaml", "--source"]),
    "audit: a config that is not YAML": ("audit broken.yaml", ["broken.yaml"]),
    "audit: --force without --write": ("audit train.en train.de --force", ["--force", "--write DIR"]),
    "audit: no such kind of finding": ("audit train.en train.de --keep mojibak", ["--keep", "did you mean mojibake?"]),
    "audit: a kind that is kept and dropped": ("audit train.en train.de --keep numbers --drop numbers", ["--keep", "--drop", "numbers"]),
    "audit: --write into a folder with other things": ("audit train.en train.de --write described", ["described", "MODEL.json"]),
    "audit: --write onto a file": ("audit train.en train.de --write train.en", ["train.en", "not a folder"]),
    "audit: --html into a folder that is not there": ("audit train.en train.de --html gone/page.html", ["gone", "nmt audit --help"]),
    "audit: a tokenizer that is not there": ("audit train.en train.de --tokenizer gone", ["--tokenizer", "gone"]),
    "audit: a tokenizer that is none": ("audit train.en train.de --tokenizer train.en", ["train.en", "not a SentencePiece model"]),
    "unknown option": ("train --set-dir x mine.yaml", ["--set-dir", "nmt train --help"]),
    "missing option": ("evaluate described --source train.en", ["--reference", "nmt evaluate --help"]),
    "missing argument": ("train", ["CONFIG", "nmt train --help"]),
    "argument too many": ("info described train.en", ["train.en", "nmt info --help"]),
    "unknown verb": ("trian mine.yaml", ["trian", "train", "nmt --help"]),
}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A working directory with good files and bad ones, and a run whose lock a living process holds."""
    place = tmp_path_factory.mktemp("place")
    (place / "folder").mkdir()
    (place / "described").mkdir()
    (place / "described" / "MODEL.json").write_text(json.dumps(MANIFEST))
    (place / "named").mkdir()
    (place / "named" / "MODEL.json").write_text(json.dumps(MANIFEST))
    (place / "named" / "config.yaml").write_text(NAMED)
    (place / "named" / "back.tsv").write_text("ja\tyes\n")
    (place / "models/ende/1").mkdir(parents=True)
    (place / "models/ende/1/MODEL.json").write_text(json.dumps(MANIFEST))
    (place / "trained" / "checkpoints").mkdir(parents=True)
    (place / "trained" / "config.yaml").write_text(CONFIG)
    (place / "tuned" / "checkpoints").mkdir(parents=True)
    (place / "tuned" / "checkpoints" / "index.json").write_text("{}")
    (place / "tuned" / "config.yaml").write_text(CONFIG)
    (place / "gated" / "checkpoints").mkdir(parents=True)
    (place / "gated" / "config.yaml").write_text(CONFIG + "model: {cell: gru}\n")
    limits = {"limitless": MANIFEST["limits"], "small": MANIFEST["limits"] | {"length_factor": 2.0, "length_offset": 10}}
    for name, known in limits.items():
        (place / name).mkdir()
        (place / name / "MODEL.json").write_text(json.dumps(MANIFEST | {"limits": known}))
        (place / name / "model.tflite").write_bytes(b"damaged")
        train_tokenizer(["A dog runs.", "Two men sit."], place / name / "tokenizer.model", TokenizerConfig(vocabulary_size=400), seed=1)
    german = [f"Der Satz {number}.\n".encode() for number in range(LINES)]
    files = {
        "mine.yaml": CONFIG.encode(),
        "turned.yaml": CONFIG.replace("e_language: en", "e_language: de").replace("t_language: de", "t_language: en").encode(),
        "memory.yaml": MEMORY.encode(),
        "mixed.yaml": MIXED.encode(),
        "broken.tmx": b"<tmx>\n<body></tu>",
        "french.tmx": b'<tmx><body><tu><tuv xml:lang="fr-FR"><seg>oui</seg></tuv></tu></body></tmx>',
        "unknown.yaml": (CONFIG + "model: {droput: 0.1}\n").encode(),
        "broken.yaml": b"data: {",
        "list.yaml": b"- data",
        "train.en": b"".join(b"Sentence %d.\n" % number for number in range(LINES)),
        "train.de": b"".join(german),
        "short.de": b"".join(german[:-1]),
        "latin1.de": b"".join([*german[:6], "schön\n".encode("latin-1"), *german[7:]]),
        "damaged.de.gz": b"\x1f\x8b\x08\x00damaged",
        "empty": b"",
        "narrow.vec": b"a 1 2\n",
    }
    for name, content in files.items():
        (place / name).write_bytes(content)
    hold = """if True:
        import sys
        from pathlib import Path
        from nmt.config_file import load_config
        from nmt.run_directory import RunDirectory
        begun = RunDirectory(Path("begun"))
        with begun.locked():
            begun.adopt(load_config(Path("mine.yaml")))
        with RunDirectory(Path("held")).locked():
            print("held", flush=True)
            sys.stdin.read()
    """
    with subprocess.Popen([sys.executable, "-c", hold], cwd=place, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdin
        assert holder.stdout
        assert holder.stdout.readline() == "held\n"
        yield place
        holder.stdin.close()


@pytest.mark.parametrize("case", MISTAKES)
def test_a_mistake_is_told_in_one_line_and_leaves_nothing_behind(case: str, place: Path, run_nmt: RunNmt) -> None:
    typed, named = MISTAKES[case]
    before = sorted(place.rglob("*"))
    found = run_nmt(*typed.split(), cwd=place)
    assert found.returncode == 2, found.stderr
    assert found.stdout == ""
    assert found.stderr.startswith("nmt: ")
    assert found.stderr.count("\n") == 1, found.stderr
    assert [part for part in named if part not in found.stderr] == [], found.stderr
    assert sorted(place.rglob("*")) == before
