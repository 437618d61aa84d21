"""Translation sets of tensorflow-datasets by name: found, brought if need be, and read as a stream of pairs in a fixed order.

`Translation` features list their languages sorted and say nothing of a direction; the run names it. Sets with a language list for each
example (`TranslationVariableLanguages`) are read too: an example that lacks one of the two languages is left out and counted.
TensorFlow itself is imported only when records are read.
"""

import contextlib
import difflib
import hashlib
import json
import logging
import os
import socket
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from nmt.data.language_codes import best_match
from nmt.data.parallel_text import OTHER_LANGUAGE, SentencePair, one_line
from nmt.errors import CorpusError

VALIDATION_SPLITS = ("validation", "valid", "dev", "val")
_CONNECT_SECONDS = 8.0
_BATCH_EXAMPLES = 1024


class TranslationSet:
    """One prepared set, with the feature of it that holds the translations."""

    def __init__(self, builder: Any) -> None:
        self.builder, self.info = builder, builder.info
        self.name = str(self.info.full_name)
        self.key, self.feature = _translation_feature(builder)

    @property
    def licence(self) -> str:
        """What the set's builder says of it; most say nothing."""
        stated = self.info.redistribution_info.license if self.info.redistribution_info else ""
        return str(stated or "not stated by tensorflow-datasets: see the set's own page")

    def split(self, wanted: str | None, role: str) -> str:
        """Return the split that is asked for (`train[:1000]` is one, too), or the set's own for a role.

        Raises:
            CorpusError: the set has no such split.
        """
        names = [wanted] if wanted else list(VALIDATION_SPLITS) if role == "valid" else [role]
        for name in names:
            with contextlib.suppress(ValueError, KeyError, AssertionError):
                _ = self.info.splits[name].num_examples
                return name
        raise CorpusError(f"tfds:{self.name} has no split {' or '.join(names)}; it has {', '.join(self.info.splits)}")

    def has_split(self, role: str) -> bool:
        """Whether the set has a split of its own for this role."""
        return any(name in self.info.splits for name in (VALIDATION_SPLITS if role == "valid" else (role,)))

    def files(self, split: str) -> list[Path]:
        """The record files that a split is read from."""
        return [Path(str(part.filename)) for part in self.info.splits[split].file_instructions]

    def fingerprint(self) -> str:
        """Return a hash of the set's name, version and the sizes of its splits."""
        sizes = {name: [split.num_examples, split.num_bytes, list(split.shard_lengths)] for name, split in self.info.splits.items()}
        return hashlib.sha256(json.dumps([self.name, sizes], sort_keys=True).encode()).hexdigest()

    def pairs(self, split: str, source: str, target: str) -> Iterator[SentencePair]:
        """Yield the examples of a split, record file by record file; their numbers from 1 are the pairs' lines.

        Raises:
            CorpusError: the set lacks a language, or a record is damaged.
        """
        codes = None if self._varies else [self._code(source), self._code(target)]
        return self._examples(split, codes or [source, target])

    @property
    def _varies(self) -> bool:
        return type(self.feature).__name__ == "TranslationVariableLanguages"

    def _code(self, language: str) -> str:
        """The set's own code of a language."""
        code = best_match(self.feature.languages, language)
        if code is None:
            raise CorpusError(f"tfds:{self.name} has no language {language!r}; it has {', '.join(self.feature.languages)}")
        return code

    def _examples(self, split: str, codes: list[str]) -> Iterator[SentencePair]:
        import tensorflow_datasets as tfds

        from nmt.backend import grow_gpu_memory, load_backend

        load_backend()
        grow_gpu_memory()
        reading = tfds.ReadConfig(try_autocache=False, interleave_cycle_length=1)  # no copy of the set in memory, no mixing of its files
        examples = self.builder.as_dataset(split=split, shuffle_files=False, read_config=reading)
        number = 0
        try:
            for batch in tfds.as_numpy(examples if self._varies else examples.batch(_BATCH_EXAMPLES)):
                found = batch if self.key is None else batch[self.key]
                sides = [_variants(found, code) for code in codes] if self._varies else [found[code] for code in codes]
                for left, right in zip(*sides, strict=True):
                    number += 1
                    fault = OTHER_LANGUAGE if left is None or right is None else None
                    yield SentencePair(one_line((left or b"").decode()), one_line((right or b"").decode()), number, fault)
        except CorpusError:
            raise
        except Exception as error:  # of TensorFlow, whose kinds this file does not know
            said = " ".join(str(error).split())[:200]
            raise CorpusError(
                f"tfds:{self.name}: cannot read split {split} after example {number:,} in {self.builder.data_dir}: {said}"
            ) from error


def open_set(name: str, folder: Path | None = None) -> TranslationSet:
    """Open a translation set, which is downloaded and prepared first if it is not there.

    Args:
        name: NAME/CONFIG, with `:VERSION` if need be.
        folder: where prepared data lie; default: TFDS_DATA_DIR, else ~/tensorflow_datasets.

    Raises:
        CorpusError: no such set (with the nearest one), no translation set, or it is not there and cannot be brought.
    """
    return _opened(name, str(folder) if folder else os.environ.get("TFDS_DATA_DIR"))


@cache
def _opened(name: str, folder: str | None) -> TranslationSet:
    try:
        import tensorflow_datasets as tfds
    except ImportError as error:
        raise CorpusError(f"tfds:{name} needs tensorflow-datasets, which is not installed: pip install 'carousel-nmt[corpora]'") from error
    logging.getLogger("absl").setLevel(logging.ERROR)
    try:
        builder = tfds.builder(name, try_gcs=False, data_dir=folder)
    except Exception as error:
        raise CorpusError(_explain_name(name, error)) from error
    found = TranslationSet(builder)
    if not builder.is_prepared():
        _bring(name, builder)
        found = TranslationSet(builder)
    return found


def _explain_name(name: str, error: Exception) -> str:
    import tensorflow_datasets as tfds

    base, _, config = name.partition(":")[0].partition("/")
    known = tfds.list_builders(with_community_datasets=False)
    if base not in known:
        near = difflib.get_close_matches(base, known, n=1)
        return f"tensorflow-datasets has no set {base!r}; " + (f"did you mean {near[0]}?" if near else "see its catalogue for the names")
    with contextlib.suppress(Exception):
        configs = list(tfds.builder_cls(base).builder_configs)
        if config not in configs:
            near = difflib.get_close_matches(config, configs, n=1)
            return f"tfds:{base} has no configuration {config!r}; did you mean {base}/{near[0] if near else configs[0]}?"
    return f"tensorflow-datasets cannot open {name!r}: {' '.join(str(error).split())[:200]}"


def _translation_feature(builder: Any) -> tuple[str | None, Any]:
    """The feature with the translations, and its name where the examples have others beside it."""
    kinds = {"Translation", "TranslationVariableLanguages"}
    features = builder.info.features
    if type(features).__name__ in kinds:
        return None, features
    for key, feature in features.items() if hasattr(features, "items") else ():
        if type(feature).__name__ in kinds:
            return str(key), feature
    raise CorpusError(
        f"tfds:{builder.info.full_name} is no translation set: its examples have {', '.join(features) if features else 'nothing'}"
    )


def _bring(name: str, builder: Any) -> None:
    """Download and prepare a set, under the library's own bars on a terminal."""
    import tensorflow_datasets as tfds

    shown = sys.stderr.isatty()
    (tfds.enable_progress_bar if shown else tfds.disable_progress_bar)()
    try:
        _require_network(builder)
        with open(os.devnull, "w") as silent, contextlib.redirect_stdout(sys.stderr if shown else silent):  # noqa: PTH123
            builder.download_and_prepare()
    except Exception as error:
        said = " ".join(str(error).split())[:200]
        raise CorpusError(
            f"tfds:{name} is not prepared at {builder.data_dir} and cannot be downloaded ({said}): put its prepared data there, or "
            "name the folder that has them with data.tfds_dir"
        ) from error


def _require_network(builder: Any) -> None:
    """Reach the hosts that a set comes from before its downloader tries: that one has no time limit of its own."""
    if any(variable.lower() in {"http_proxy", "https_proxy", "all_proxy"} for variable in os.environ):
        return
    places = {
        (parts.hostname, parts.port or (80 if parts.scheme == "http" else 443))
        for parts in map(urlsplit, builder.url_infos)
        if parts.hostname
    }
    for place in sorted(places)[:3]:
        socket.create_connection(place, timeout=_CONNECT_SECONDS).close()


def _variants(found: Any, language: str) -> list[bytes | None]:
    """The text of one example in a language, as a list of one."""
    codes = [code.decode() for code in found["language"]]
    code = best_match(codes, language)
    return [None if code is None else found["translation"][codes.index(code)]]
