"""MODEL_DIR -> a SavedModel of strings for the stock TensorFlow Serving binary: the verified graph of ids, with its tokenizers inside.

It is a SavedModel of its own because no program can load one that holds tensorflow-text's operations without knowing them.
"""

from collections.abc import Sequence
from pathlib import Path

import tensorflow as tf
from rich.console import Console

from nmt.atomic import next_version, publishing_folder, write_text
from nmt.batch_plan import most_sentences
from nmt.copying import ADDRESS_PATTERN
from nmt.directions import Direction
from nmt.errors import ExportError
from nmt.loading import load_translator
from nmt.model_directory import MANIFEST_FILE, STRINGS_EXTRA_FOLDER, Manifest, ModelDirectory, file_hashes
from nmt.provenance import versions
from nmt.runtime.savedmodel import PREPARED_SIGNATURE, SIGNATURE, WEIGHTS_SIGNATURE
from nmt.segmentation import writes_spaces
from nmt.shown import printer, tracked
from nmt.special_tokens import EOS, PAD
from nmt.tensors import Tensor
from nmt.tokenizer import TokenizerPair
from nmt.translator import Source, Translator

VERIFIED_LINES = 50
AWKWARD_LINES = (
    *("", " \u3000\t", "\u200b", "12:30", "https://example.org/a?b=c", "\U0001f600"),
    *("A dog runs.", "  Zwei Hunde, 3,5 km! ", "naïve 中文 ẞ ﬁ ½"),
)
# What Python calls white space, in RE2: its \s is that of ASCII, without the vertical tab.
_WHITE = r"[\s\v\x1c-\x1f\x{85}\p{Z}]"


def export_strings(
    directory: ModelDirectory,
    to: Path,
    lines: Sequence[str],
    console: Console,
    *,
    target: str | None = None,
    source: str | None = None,
) -> Path:
    """Publish a model as text in, text out, for one of its directions: the graph has its tag inside.

    Args:
        directory: the model; its files are checked against their hashes.
        to: the folder that gets `<name>/<n>`, name being the model's and n the next free integer; of another direction than the main one
            `<name>-<source>-<target>/<n>`.
        lines: text of the model's source language for the verification; a few built-in lines are added.
        console: where a person looks.
        target: what to translate into, as `Translator.into` takes it; default: the main direction.
        source: the same.

    Returns:
        The folder `<to>/<name>/<n>`.

    Raises:
        ModelError: the model is damaged, or has not learnt the direction.
        ExportError: the text differs from that of `Translator.translate`, or no folder can have the model's name; nothing is published.
    """
    name = directory.manifest.name
    if name.startswith(".") or not name or Path(name).name != name:
        raise ExportError(f"{directory.path} has the name {name!r} in {MANIFEST_FILE}, which cannot name the folder of a served model")
    directory.verify_files()
    translator = load_translator(directory.path, target=target, source=source)
    direction = translator.source_language, translator.target_language
    if direction != translator.directions.main:
        name = "-".join([name, *direction])
    one = ModelDirectory(directory.path, _one_direction(directory.manifest, name, direction))
    # As the graph of ids inside: what a machine with a GPU exports must serve on a CPU.
    with tf.device("/CPU:0"):
        strings = StringTranslation(one, translator.prefix)
        folder = to / name
        folder.mkdir(parents=True, exist_ok=True)
        published = folder / str(next_version(folder))
        with publishing_folder(published) as building:
            tf.saved_model.save(strings, str(building), signatures={SIGNATURE: strings.translate})
            compared = _verify(building, translator, [*lines[:VERIFIED_LINES], *AWKWARD_LINES], console)
            printer(console)(f"verified: {compared} lines give the same text as {directory.path}")
            _describe(building, one.manifest)
    printer(console)(f"exported {directory.path} as strings to {published}")
    return published


class StringTranslation(tf.Module):
    """The path from text to text of `nmt.translator`, as operations: N lines, W windows of at most `max_source_pieces` pieces."""

    def __init__(self, directory: ModelDirectory, prefix: Source = ()) -> None:
        """Take the graph of ids and the tokenizers.

        Args:
            directory: the model; its target language says what parts the translations of a line's windows.
            prefix: tags that each window begins with; they do not count.
        """
        super().__init__(name="string_translation")
        from tensorflow_text import SentencepieceTokenizer

        manifest, tokenizers = directory.manifest, TokenizerPair.load(directory.path)
        # Named, because TensorFlow tells apart by name what it loads: without, both sides would get the tokenizer that comes first.
        self.source = SentencepieceTokenizer(tokenizers.source.model, name="source_tokenizer")
        self.target = self.source if tokenizers.joint else SentencepieceTokenizer(tokenizers.target.model, name="target_tokenizer")
        self.model = tf.saved_model.load(str(directory.path))  # held whole: a signature does not keep its variables alive
        self.begins_word = tf.constant(
            [piece.startswith("▁") for piece in tokenizers.source.pieces(range(tokenizers.source.vocabulary_size))]
        )
        self.limits, self.settings = manifest.limits, manifest.search
        self.covered = self.settings.coverage_penalty > 0
        self.prefix = prefix
        self.between = " " if writes_spaces(manifest.target) else ""

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="text")])
    def translate(self, text: Tensor) -> dict[str, Tensor]:
        """Translate N lines, text [N] -> translation [N]; no line's translation depends on its neighbours."""
        text = tf.strings.unicode_transcode(text, "UTF-8", "UTF-8", errors="replace")
        text = tf.strings.regex_replace(text, rf"\A{_WHITE}+|{_WHITE}+\z", "")
        pieces = self.source.tokenize(text)  # [N, (pieces)]
        visible = pieces.row_lengths() > 0
        copied = self._copied(text)
        lines = tf.where(visible & ~copied)[:, 0]  # those that the model is shown
        windows, line_of_window = self._windows(tf.gather(pieces, lines))
        found = self._in_batches(windows)
        lines = tf.gather(lines, line_of_window)
        joined = tf.strings.unsorted_segment_join(found, lines, tf.size(text, tf.int64), separator=self.between)
        return {"translation": tf.where(visible & copied, text, joined)}

    def _copied(self, text: Tensor) -> Tensor:
        """`nmt.copying.is_copied` for text [N] -> [N] bool."""
        if not self.settings.copy_untranslatable:
            return tf.zeros_like(text, tf.bool)
        spaced = tf.strings.regex_replace(text, f"{_WHITE}+", " ")
        word = rf"(?:{ADDRESS_PATTERN}|[^\p{{L}} ]+)"
        return tf.strings.regex_full_match(spaced, f"(?:{word}(?: {word})*)?")

    def _windows(self, pieces: tf.RaggedTensor) -> tuple[tf.RaggedTensor, Tensor]:
        """Cut each line that is too long into windows of like size, before words: a word too long for the slack of a window is cut too.

        Args:
            pieces: [L, (pieces)], no row empty.

        Returns:
            windows [W, (pieces)] and the row that each was cut from [W].
        """
        most = self.limits.max_source_pieces
        slack = most // 5
        sizes = pieces.row_lengths()
        counts = tf.where(sizes > most, -(-sizes // (most - slack)), 1)
        row = pieces.value_rowids()
        index = tf.range(tf.size(row, tf.int64))
        starts = tf.gather(pieces.row_starts(), row)
        begins = tf.gather(self.begins_word, pieces.values) | (index == starts)
        word = tf.gather(tf.where(begins)[:, 0], tf.cumsum(tf.cast(begins, tf.int64)) - 1)  # of each piece: its word's first piece
        place = tf.where(index - word < slack, word, index) - starts
        window = place * tf.gather(counts, row) // tf.gather(sizes, row)
        windows = tf.RaggedTensor.from_value_rowids(
            pieces.values, tf.gather(tf.cumsum(counts, exclusive=True), row) + window, nrows=tf.reduce_sum(counts), validate=False
        )
        return windows, tf.repeat(tf.range(pieces.nrows()), counts)

    def _in_batches(self, windows: tf.RaggedTensor) -> Tensor:
        """Translate windows of like length together, so many at once as bound the memory that any request can ask for: -> text [W]."""
        most = most_sentences(self.settings.beam_size)
        order = tf.argsort(windows.row_lengths(), stable=True)
        rows = tf.gather(windows, order)

        def step(start: Tensor, texts: Tensor) -> tuple[Tensor, Tensor]:
            return start + most, tf.concat([texts, self._search(rows[start : start + most])], axis=0)

        _, texts = tf.while_loop(
            lambda start, _: start < tf.size(order),
            step,
            (tf.constant(0), tf.zeros([0], tf.string)),
            shape_invariants=(tf.TensorShape([]), tf.TensorShape([None])),
            parallel_iterations=1,
        )
        return tf.gather(texts, tf.argsort(order))

    def _search(self, rows: tf.RaggedTensor) -> Tensor:
        """Run the graph of ids, rows [B, (pieces)] -> the best hypotheses' text [B]."""
        tags = tf.tile(tf.constant([self.prefix], tf.int32, [1, len(self.prefix)]), [rows.nrows(), 1])
        ended = tf.concat([tags, rows, tf.fill([rows.nrows(), 1], EOS)], axis=1)
        search, more = self.model.signatures[SIGNATURE], {}
        if self.covered:  # the first signature has the penalty that the model was exported with, not what may have been tuned since
            search, weights = (self.model.signatures[name] for name in (PREPARED_SIGNATURE, WEIGHTS_SIGNATURE))
            more = weights(table=tf.constant(False)) | {"coverage_penalty": tf.constant(self.settings.coverage_penalty, tf.float32)}
        found = search(
            ids=ended.to_tensor(PAD),
            lengths=tf.cast(ended.row_lengths(), tf.int32),
            beam_size=tf.constant(self.settings.beam_size),
            length_penalty=tf.constant(self.settings.length_penalty, tf.float32),
            max_steps=tf.constant(self.limits.max_steps),
            **more,
        )
        best = tf.RaggedTensor.from_tensor(found["ids"][:, 0], lengths=found["lengths"][:, 0])
        text = self.target.detokenize(tf.ragged.boolean_mask(best, best > EOS))  # as Tokenizer.decode: no special tokens
        return tf.strings.regex_replace(text, r"[\n\r]", " ")


def _verify(folder: Path, translator: Translator, lines: Sequence[str], console: Console) -> int:
    """Load what was written and compare its text with the translator's; returns how many lines were compared.

    Each line goes alone: in batches of other sizes, rounding may choose another hypothesis. What the graph does otherwise on purpose is
    passed over: lines that the translator splits, and loops that it cuts out of a hypothesis.
    """
    loaded = tf.saved_model.load(str(folder))
    compared = 0
    for number, line in enumerate(tracked(lines, "verifying the export", console), start=1):
        expected = translator.hypotheses([line])[0][0]
        if expected.cut or len(translator.encode([line]).segments[0]) > 1:
            continue
        found = loaded.signatures[SIGNATURE](text=tf.constant([line]))["translation"].numpy()[0].decode("utf-8", "replace")
        if found != expected.text:
            raise ExportError(
                f"the SavedModel of strings translates verification line {number}, {line!r}, as {found!r}, the model as {expected.text!r}: "
                "nothing was published; please report this with the versions of tensorflow-text and sentencepiece"
            )
        compared += 1
    return compared


def _one_direction(model: Manifest, name: str, direction: Direction) -> Manifest:
    """What MODEL.json says of one direction, whose tag nobody has to give; the model's scores are those of its main direction."""
    source, target = direction
    scores = model.scores if direction == (model.source, model.target) else ()
    only = {"directions": (direction,), "target_tags": False, "corpus_tags": (), "scores": scores}
    return model.model_copy(update={"name": name, "source": source, "target": target, **only})


def _describe(folder: Path, model: Manifest) -> None:
    """Write MODEL.json, where it does not make the folder look like a model that nmt itself can load."""
    import tensorflow_text

    (folder / STRINGS_EXTRA_FOLDER).mkdir(exist_ok=True)
    wrote = versions() | {"tensorflow-text": tensorflow_text.__version__}
    described = model.model_copy(update={"versions": wrote, "files": file_hashes(folder)})
    write_text(folder / STRINGS_EXTRA_FOLDER / MANIFEST_FILE, described.model_dump_json(indent=1) + "\n")
