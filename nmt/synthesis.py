"""Lines through a model into parallel text, a window at a time: which hypotheses are good enough to learn from, and a tally of the rest."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from nmt.data.corpus import file_sha256
from nmt.data.filtering import LONG, RATIO, Tally, chunks, text_fault
from nmt.data.parallel_text import SentencePair, one_line
from nmt.directions import Directions
from nmt.errors import CorpusError, ModelError
from nmt.evaluation import sentence_bleu
from nmt.hypotheses import Hypothesis
from nmt.model_directory import MANIFEST_FILE, ModelDirectory
from nmt.provenance import commit, versions
from nmt.synthesis_folder import SynthesisFolder
from nmt.translator import Translator

WINDOW_LINES = 512
"""Lines between two moves of the bar, and the most that a killed process has to do again."""

PROVENANCE_FILE = "SYNTHESIS.json"
EMPTY, LOOPING, BROKEN, REPEATED = "empty", "looping", "broken_characters", "repeated"
_REPLACEMENT = "\ufffd"


@dataclass(frozen=True)
class Wanted:
    """What is asked of the model for each line."""

    beam_size: int
    max_pieces: int
    """Of a line and of a hypothesis, in the model's own pieces; longer ones are left out, as training would leave them out."""
    max_length_ratio: float
    """The same of their ratio."""
    n_best: int = 1
    """Hypotheses that are kept of each line, at most."""
    closest: bool = False
    """Keep those of the beam that are most like the line's given translation, not those that the model likes most."""


@dataclass
class Made(Tally):
    """What has been read and written of one text."""

    lines: int = 0
    """With a hypothesis that was kept, at least one."""
    same: int = 0
    """Lines of which a kept hypothesis is the given translation, to the letter; of text without one, the line itself."""

    @classmethod
    def of(cls, facts: dict[str, Any] | None) -> "Made":
        """Continue a tally that `as_dict` has written; None begins one."""
        if facts is None:
            return cls()
        counts = {reason: fact["count"] for reason, fact in facts["dropped"].items()}
        first = {reason: list(fact["first_lines"]) for reason, fact in facts["dropped"].items()}
        return cls(facts["read"], facts["kept"], counts, first, facts["lines"], facts["same"])

    def as_dict(self) -> dict[str, Any]:
        """Return the tally as it is recorded."""
        return super().as_dict() | {"lines": self.lines, "same": self.same}


def synthesize(
    translator: Translator,
    pairs: Iterable[SentencePair],
    text: tuple[str, Sequence[str]],
    folder: SynthesisFolder,
    wanted: Wanted,
    moved: Callable[[int], None],
    *,
    back: bool = False,
) -> Made:
    """Translate the sources of a text and append them, with what the model made of them, to two files; begun ones are carried on.

    Args:
        translator: the model, in the direction of the text.
        pairs: lines, each with its given translation, which serves `Wanted.closest` and the tally alone.
        text: its name, and those of its two files.
        folder: takes the files.
        wanted: which hypotheses.
        moved: told how many more lines are done, first those of an earlier process.
        back: write the hypotheses first and the lines second: sources that were made for targets that are real.

    Raises:
        CorpusError: not one hypothesis is good enough.
    """
    name, files = text
    made = Made.of(folder.facts(name))
    moved(made.read)
    for chunk in chunks(islice(pairs, made.read, None), WINDOW_LINES):
        found = _window(translator, chunk, wanted, made)
        made.read += len(chunk)
        folder.append(name, files, [(output, line) if back else (line, output) for line, output in found], made.as_dict())
        moved(len(chunk))
    if not made.kept:
        raise CorpusError(f"nothing is left of {name}: {described(made)}")
    return made


def _window(translator: Translator, chunk: list[SentencePair], wanted: Wanted, made: Made) -> list[tuple[str, str]]:
    """Lines and hypotheses of one window, those of a line side by side, the better one first."""
    usable = []
    for pair in chunk:
        if fault := text_fault(pair):
            made.drop(fault, pair.line)
        else:
            usable.append(pair)
    lines = [one_line(pair.source) for pair in usable]
    tags = len(translator.prefix)
    pieces = [sum(max(len(ids) - tags, 0) for ids in segments) for segments in translator.encode(lines).ids]
    for pair, count in zip(usable, pieces, strict=True):
        if count > wanted.max_pieces:
            made.drop(LONG, pair.line)
    asked = [place for place, count in enumerate(pieces) if count <= wanted.max_pieces]
    # The whole beam is asked for: in place of a hypothesis that is left out comes the next.
    found = translator.hypotheses([lines[place] for place in asked], n_best=wanted.beam_size, beam_size=wanted.beam_size)
    rows: list[tuple[str, str]] = []
    for place, hypotheses in zip(asked, found, strict=True):
        pair, line = usable[place], lines[place]
        good = _good(hypotheses, line, pieces[place], wanted, made, pair.line)
        kept = list(islice(_by_likeness(list(good), pair.target, translator.target_language) if wanted.closest else good, wanted.n_best))
        made.kept += len(kept)
        made.lines += bool(kept)
        made.same += one_line(pair.target) in kept
        rows += [(line, output) for output in kept]
    return rows


def _by_likeness(outputs: list[str], reference: str, language: str) -> list[str]:
    """The outputs most like the reference first (Kim and Rush 2016, section 3.3: by BLEU of the sentence)."""
    scores = sentence_bleu(outputs, [reference] * len(outputs), language)
    return [outputs[place] for place in sorted(range(len(outputs)), key=lambda place: -scores[place])]


def _good(hypotheses: Sequence[Hypothesis], line: str, pieces: int, wanted: Wanted, made: Made, number: int) -> Iterator[str]:
    """The texts that one may learn from, the best first and each once; the others are tallied as they are come to."""
    seen = set()
    for hypothesis in hypotheses:
        text = one_line(hypothesis.text)
        fault = REPEATED if text in seen else _fault(hypothesis, text, line, pieces, wanted)
        if fault:
            made.drop(fault, number)
            continue
        seen.add(text)
        yield text


def _fault(hypothesis: Hypothesis, text: str, line: str, pieces: int, wanted: Wanted) -> str | None:
    if not text or "\0" in text:
        return EMPTY
    if hypothesis.cut:
        return LOOPING
    if _REPLACEMENT in text and _REPLACEMENT not in line:  # bytes that spell no character
        return BROKEN
    if not hypothesis.pieces or not pieces:  # copied
        return None
    shorter, longer = sorted((hypothesis.pieces, pieces))
    if longer > wanted.max_pieces:
        return LONG
    return RATIO if longer > wanted.max_length_ratio * shorter else None


def model_facts(model: ModelDirectory) -> dict[str, Any]:
    """Return what tells a model from any other, its files checked; the hash of MODEL.json, which has theirs, stands for them.

    Raises:
        ModelError: a file is missing or is not the one that was published.
    """
    model.verify_files()
    return {"name": model.manifest.name, "version": model.version, "sha256": file_sha256(model.path / MANIFEST_FILE)}


def beam_for(model: ModelDirectory, n_best: int, beam_size: int | None) -> int:
    """Return the beam size: what is asked for, else the model's own, or `n_best` if that is more.

    Raises:
        ModelError: more hypotheses than the beam holds.
    """
    beam = max(model.manifest.search.beam_size, n_best) if beam_size is None else beam_size
    if n_best > beam:
        raise ModelError(f"{n_best} hypotheses of each line need a beam size of at least {n_best}, got {beam}")
    return beam


def directions_of(model: ModelDirectory) -> Directions:
    """What a model translates, known before it is loaded."""
    return Directions(model.manifest.directions, model.manifest.target_tags, model.manifest.corpus_tags)


def provenance(job: dict[str, Any], model: ModelDirectory, texts: dict[str, Made]) -> dict[str, Any]:
    """Return the record that lies beside the text: how it was made, of what, and what was left out."""
    counts = {name: made.as_dict() for name, made in texts.items()}
    corpora = [corpus.model_dump(mode="json") for corpus in model.manifest.corpora]
    return {**job, "model_path": str(model.path.absolute()), "model_corpora": corpora} | {
        "counts": counts,
        "versions": versions(),
        "commit": commit(),
    }


def described(made: Made, same: str = "are the true translation") -> str:
    """Say in one line what became of a text; `same` says what hypotheses are that are like the text beside the line."""
    dropped = ", ".join(f"{count:,} {reason}" for reason, count in sorted(made.dropped.items()))
    same = f"; {made.same:,} {same}" if made.same else ""
    return f"{made.kept:,} pairs of {made.lines:,} of {made.read:,} lines{f'; left out: {dropped}' if dropped else ''}{same}"


def file_names(stem: str, languages: tuple[str, str]) -> tuple[str, str]:
    """Return what the two files of a text are called: `distilled.en` and `distilled.de`."""
    first, second = languages if languages[0] != languages[1] else ("source", "target")
    return f"{stem}.{first}", f"{stem}.{second}"
