"""The demo corpus' synchronous grammar: one derivation writes an English sentence and its one German translation.

The files build on one another in this order: lexicon (words), morphology and english (their forms), noun_phrase, adverbials, clause
(word order), predicate (what a verb takes), draft; then the constructions: statements, questions, complements, prepositions, degrees and
sentences (more than one clause); at last corpus (splits).

A sentence has exactly one translation here, because every choice that German offers is fixed by something visible in English: "you" is du
unless a surname is addressed, the past is a perfect, the middle field has one order.
"""

from nmt.data.grammar.corpus import Example, constructions, generate_examples, generate_pairs, held_out, split_of

__all__ = ["Example", "constructions", "generate_examples", "generate_pairs", "held_out", "split_of"]
