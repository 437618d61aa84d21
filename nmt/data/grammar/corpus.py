"""Sentence pairs from the grammar: seeded, without repetition, in three splits that share no source sentence.

The test set asks for what training never showed, though it showed every part. A *combination* is a pair of lexemes joined by a
dependency, such as (read, novel) or (old, dog). A fixed hash, the same for every seed, holds out about one combination in twenty-five.

    test   has at least one held-out combination in every sentence, and no word form (case aside, on either side) that the first
           10,000 training sentences of the same seed lack: it tests composition, not vocabulary
    train, valid   have no held-out combination; a hash of the source sentence alone sends one in thirty of them to valid
"""

import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from random import Random
from typing import Literal

from nmt.data.grammar import complements, degrees, prepositions, questions, sentences, statements
from nmt.data.grammar.draft import Draft
from nmt.data.grammar.noun_phrase import Combination
from nmt.errors import CorpusError

Split = Literal["train", "valid", "test"]
HELD_OUT_ONE_IN = 25
VALID_ONE_IN = 30
# So many draws in a row without a new sentence mean that the grammar is exhausted.
PATIENCE = 20_000
WORDS_FROM = 10_000
_WORD = re.compile(r"[\w'-]+")

_CONSTRUCTIONS: tuple[Callable[[Random], Draft], ...] = (
    statements.adjective_agreement,
    statements.fronted_time,
    statements.fronted_place,
    statements.separable_verb,
    statements.perfect,
    statements.future,
    statements.modal,
    statements.negation_nicht,
    statements.negation_kein,
    questions.yes_no_question,
    questions.wh_question,
    questions.which_question,
    complements.dative_object,
    complements.dative_verb,
    complements.experiencer,
    complements.belonging,
    prepositions.dative_preposition,
    statements.duration_present,
    degrees.counting,
    degrees.price,
    statements.dates_and_clock,
    degrees.predicate_adjective,
    degrees.comparison,
    degrees.degree_attribute,
    questions.imperative,
    statements.passive,
    complements.reflexive,
    complements.prepositional_object,
    prepositions.two_way_preposition,
    complements.genitive,
    prepositions.existence,
    sentences.causal_clause,
    sentences.fronted_clause,
    sentences.content_clause,
    sentences.indirect_question,
    sentences.pronoun_reference,
    sentences.relative_subject,
    sentences.relative_object,
    sentences.purpose,
    sentences.infinitive_group,
    sentences.coordination,
)


@dataclass(frozen=True)
class Example:
    """A sentence pair with the construction that wrote it and the combinations of lexemes in it."""

    source: str
    target: str
    construction: str
    combinations: frozenset[Combination]


def constructions() -> list[str]:
    """Return the names of the constructions."""
    return [construct.__name__ for construct in _CONSTRUCTIONS]


def _bucket(text: str, size: int) -> int:
    """Return a number below `size` that depends on the text alone, in every process and on every machine."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big") % size


@cache
def held_out(combination: Combination) -> bool:
    """Whether a combination of lexemes is kept for the test set; a missing lexeme (a pronoun or a name) makes none."""
    return all(combination) and _bucket("|".join(combination), HELD_OUT_ONE_IN) == 0


def split_of(example: Example) -> Split:
    """Return the only split that may contain this example."""
    if any(held_out(combination) for combination in example.combinations):
        return "test"
    return "valid" if _bucket(example.source, VALID_ONE_IN) == 0 else "train"


def _sentence(text: str, mark: str) -> str:
    """Finish a sentence: one capital, one mark at the end, and a clause's closing comma only where something follows it."""
    text = text.replace(",,", ",").rstrip(",")
    return text[0].upper() + text[1:] + mark


def draw_example(rng: Random, construction: str | None = None) -> Example:
    """Draw one example, of any construction or of a named one."""
    construct = rng.choice(_CONSTRUCTIONS) if construction is None else next(c for c in _CONSTRUCTIONS if c.__name__ == construction)
    draft = construct(rng)
    combinations = frozenset(combination for combination in draft.combinations if all(combination))
    return Example(_sentence(draft.english, draft.mark), _sentence(draft.german, draft.mark), construct.__name__, combinations)


def word_forms(example: Example) -> set[str]:
    """Return the words of both sides, in lower case and marked by their side."""
    return {f"{side} {word}" for side, text in (("en", example.source), ("de", example.target)) for word in _WORD.findall(text.lower())}


@lru_cache(maxsize=4)
def _training_words(seed: int) -> frozenset[str]:
    return frozenset(word for example in generate_examples("train", WORDS_FROM, seed) for word in word_forms(example))


def generate_examples(split: Split, count: int, seed: int) -> Iterator[Example]:
    """Yield `count` distinct examples of a split, the same for the same arguments.

    Raises:
        CorpusError: The grammar has fewer distinct sentences for this split.
    """
    rng = Random(f"{seed}/{split}")
    words = _training_words(seed) if split == "test" and count else None
    seen: set[str] = set()
    idle = 0
    while len(seen) < count:
        example = draw_example(rng)
        if split_of(example) == split and example.source not in seen and (words is None or word_forms(example) <= words):
            idle = 0
            seen.add(example.source)
            yield example
            continue
        idle += 1
        if idle > PATIENCE:
            raise CorpusError(f"demo corpus: {count} {split} pairs asked for, the grammar wrote only {len(seen)}; ask for fewer")


def generate_pairs(split: Split, count: int, seed: int) -> Iterator[tuple[str, str]]:
    """Yield `count` distinct (source, target) pairs of a split; see `generate_examples`."""
    for example in generate_examples(split, count, seed):
        yield example.source, example.target
