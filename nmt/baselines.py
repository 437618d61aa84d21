"""Two translations that need no learning worth the name: what a trained model must beat before its BLEU means anything.

Copying shows how much of the test set is already in the training set; looking words up shows how much of the task is only vocabulary.
"""

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Pairs = Sequence[tuple[str, str]]
_TOKEN = re.compile(r"\w+(?:[-']\w+)*|[^\w\s]")
EM_ROUNDS = 6
NULL = ""


def tokens(sentence: str) -> list[str]:
    """Split a sentence into words and punctuation marks."""
    return _TOKEN.findall(sentence)


def nearest_neighbour(train_pairs: Pairs, test_sources: Sequence[str]) -> list[str]:
    """Copy the translation of the most similar training source.

    Similarity is the cosine of tf-idf vectors over words and word bigrams, so that shared order counts and "the" hardly does.

    Args:
        train_pairs: (source, target) sentences to copy from.
        test_sources: Sentences to translate.

    Returns:
        One translation for each test source; the earliest training pair wins a tie.
    """
    if not train_pairs:
        return [""] * len(test_sources)
    vocabulary: dict[str, int] = {}
    rows: list[int] = []
    columns: list[int] = []
    for row, (source, _) in enumerate(train_pairs):
        for feature in set(_features(source)):
            columns.append(vocabulary.setdefault(feature, len(vocabulary)))
            rows.append(row)
    # Postings: the sentences of each feature lie side by side, from starts[feature] to starts[feature + 1].
    feature_of = np.asarray(columns)
    sentence_of = np.asarray(rows)
    frequency = np.bincount(feature_of, minlength=len(vocabulary))
    idf = np.log((1 + len(train_pairs)) / frequency)
    postings = sentence_of[np.argsort(feature_of, kind="stable")]
    starts = np.concatenate([[0], np.cumsum(frequency)])
    norms = np.sqrt(np.bincount(sentence_of, weights=idf[feature_of] ** 2, minlength=len(train_pairs))) + 1e-12

    translations = []
    for source in test_sources:
        score: NDArray[np.float64] = np.zeros(len(train_pairs))
        for feature in set(_features(source)):
            index = vocabulary.get(feature)
            if index is not None:
                score[postings[starts[index] : starts[index + 1]]] += idf[index] ** 2
        translations.append(train_pairs[int(np.argmax(score / norms))][1])
    return translations


def _features(sentence: str) -> list[str]:
    words = [word.lower() for word in tokens(sentence)]
    return words + [f"{first} {second}" for first, second in zip(["^", *words], [*words, "$"], strict=True)]


def word_by_word(train_pairs: Pairs, test_sources: Sequence[str]) -> list[str]:
    """Replace every source word by its most probable translation, in source order; an unknown word stays as it is.

    Args:
        train_pairs: (source, target) sentences from which the word table is learnt.
        test_sources: Sentences to translate.

    Returns:
        One translation for each test source.
    """
    table = word_table(train_pairs)
    known = set(table)
    translations = []
    for source in test_sources:
        words = [table.get(word, word) for word in _truecased(tokens(source), known)]
        text = re.sub(r" ([.,!?;:])", r"\1", " ".join(word for word in words if word))
        translations.append(text[:1].upper() + text[1:])
    return translations


def word_table(train_pairs: Pairs) -> dict[str, str]:
    """Learn the most probable translation of every source word with IBM model 1 (Brown et al. 1993), by expectation maximisation.

    Every source sentence has an empty word beside its own, which takes the target words that nothing in the source stands for.
    """
    if not train_pairs:
        return {}
    source_case = Counter(word for source, _ in train_pairs for word in tokens(source)[1:])
    target_case = Counter(word for _, target in train_pairs for word in tokens(target)[1:])
    source_ids: dict[str, int] = {NULL: 0}
    target_ids: dict[str, int] = {}
    sources: list[int] = []
    targets: list[int] = []
    slots: list[int] = []  # one slot per target token: its probabilities over the source words sum to one
    slot = 0
    for source, target in train_pairs:
        words = [0, *(source_ids.setdefault(word, len(source_ids)) for word in _truecased(tokens(source), source_case))]
        for word in _truecased(tokens(target), target_case):
            index = target_ids.setdefault(word, len(target_ids))
            sources.extend(words)
            targets.extend([index] * len(words))
            slots.extend([slot] * len(words))
            slot += 1
    key, entry_of = np.unique(np.asarray(sources) * len(target_ids) + np.asarray(targets), return_inverse=True)
    entry_source, entry_target = np.divmod(key, len(target_ids))
    slot_of = np.asarray(slots)
    probability: NDArray[np.float64] = np.ones(len(key))
    for _ in range(EM_ROUNDS):
        weight = probability[entry_of]
        weight /= np.bincount(slot_of, weights=weight)[slot_of]
        expected = np.bincount(entry_of, weights=weight)
        probability = expected / np.bincount(entry_source, weights=expected)[entry_source]
    source_words, target_words = list(source_ids), list(target_ids)
    # Ascending order: the last entry written for a source word is its most probable one.
    table = {source_words[entry_source[entry]]: target_words[entry_target[entry]] for entry in np.argsort(probability, kind="stable")}
    table.pop(NULL, None)
    return table


def _truecased(words: list[str], known: Counter[str] | set[str]) -> list[str]:
    """Undo the capital that only opens a sentence: lower-case the first word if that form is known from within sentences."""
    if words and words[0].lower() in known:
        return [words[0].lower(), *words[1:]]
    return words
