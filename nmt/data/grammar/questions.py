"""Questions and imperatives, and who is addressed by them."""

from dataclasses import replace
from random import Random

from nmt.data.grammar import morphology
from nmt.data.grammar.clause import (
    Clause,
    Tense,
    english_clause,
    english_imperative,
    english_question,
    german_imperative,
    german_question,
    german_statement,
)
from nmt.data.grammar.draft import Draft
from nmt.data.grammar.lexicon import lexicon
from nmt.data.grammar.noun_phrase import POLITE, PRONOUNS, WHAT, WHO, Nominal, describe, name
from nmt.data.grammar.predicate import PERSON, TAKES_OBJECT, draw_clause, with_modal


def address(rng: Random) -> tuple[str, str, Nominal]:
    """Draw whom a sentence addresses: a first name (du) or a surname (Sie)."""
    if rng.random() < 0.5:
        first = name(rng).object
        return first, first, PRONOUNS["you"]
    surname = rng.choice(lexicon().surnames)
    title, german = rng.choice((("Mr", "Herr"), ("Mrs", "Frau")))
    return f"{title} {surname}", f"{german} {surname}", POLITE


def mixes_address(clause: Clause, you: Nominal) -> bool:
    """Whether "your" would have to be Ihr: the fragment's possessive of address is dein."""
    return you is POLITE and "your" in clause.english_objects.split(" ")


def yes_no_question(rng: Random) -> Draft:
    """The verb comes first; who is addressed decides between du and Sie."""
    if rng.random() < 0.35:
        called, german, you = address(rng)
        clause = draw_clause(rng, subject=you, time=0.3, frequency=0.05)
        if mixes_address(clause, you):
            return yes_no_question(rng)
        return Draft(f"{english_question(clause)}, {called}", f"{german_question(clause)}, {german}", clause.combinations, "?")
    clause = draw_clause(rng, time=0.3)
    if not clause.time and not clause.frequency and rng.random() < 0.25:
        clause = with_modal(rng, clause)
    return Draft(english_question(clause), german_question(clause), clause.combinations, "?")


_WH_ADVERBS = (("why", "warum"), ("when", "wann"), ("where", "wo"), ("how often", "wie oft"))


def wh_question(rng: Random) -> Draft:
    """Wer, wen, wem, was, wann, wo, wohin, warum: the case shows what English order shows."""
    kind = rng.randrange(5)
    if kind == 0:
        clause = draw_clause(rng, subject=WHO, time=0.4)
        return Draft(english_clause(clause), german_statement(clause), clause.combinations, "?")
    if kind == 1:
        clause = draw_clause(rng, ("motion",), time=0.4, frequency=0.0)
        clause = replace(clause, english_objects="", german_complement="")
        return Draft(english_question(clause, "where"), german_question(clause, "wohin"), clause.combinations, "?")
    if kind == 2:
        clause = draw_clause(rng, ("transitive", "separable", "dative"), time=0.3, place=0.0, frequency=0.0)
        human = bool(clause.verb.objects & PERSON) or clause.verb.frame == "dative"
        wh, german = ("who", "wem" if clause.verb.frame == "dative" else "wen") if human else ("what", WHAT.case("acc"))
        clause = replace(clause, english_objects=clause.verb.particle, german_objects="", german_pronouns="")
        clause = replace(clause, combinations=((clause.verb.lemma, clause.subject.head), *clause.subject.combinations))
        return Draft(english_question(clause, wh), german_question(clause, german), clause.combinations, "?")
    wh, german = rng.choice(_WH_ADVERBS)
    frames = (
        ("transitive", "separable", "dative") if wh == "where" else ("transitive", "separable", "motion", "ditransitive", "prepositional")
    )
    tenses: tuple[Tense, ...] = ("past", "perfect", "habit") if wh in {"how often", "where"} else ("past", "future", "now")
    clause = draw_clause(rng, frames, time=0.0, place=0.0, frequency=0.0, tenses=tenses)
    return Draft(english_question(clause, wh), german_question(clause, german), clause.combinations, "?")


def which_question(rng: Random) -> Draft:
    """Welcher agrees with its noun, how many counts it: Welchen Mantel hat Anna gekauft?"""
    clause = draw_clause(rng, TAKES_OBJECT, time=0.3, place=0.0, frequency=0.0)
    countable = [noun for noun in lexicon().nouns_of(clause.verb.objects) if not noun.mass]
    if not countable:
        return which_question(rng)
    noun = rng.choice(countable)
    determiners = rng.choice((("which", "which", "welch"), ("how many", "how many", "wie viele")))
    counted = determiners[0] == "how many"
    number: morphology.Number = "pl" if counted else rng.choice(("sg", "sg", "pl"))
    other = describe(noun, number, ("which", determiners[1], "" if counted else "welch"), None, "wie viele" if counted else None)
    combinations = ((clause.verb.lemma, noun.english), (clause.verb.lemma, clause.subject.head), *clause.subject.combinations)
    clause = replace(clause, english_objects=clause.verb.particle, german_objects="", german_pronouns="", combinations=combinations)
    return Draft(english_question(clause, other.object), german_question(clause, other.case("acc")), combinations, "?")


def imperative(rng: Random) -> Draft:
    """A first name is told du, a surname Sie: Öffne das Fenster, Anna! Öffnen Sie bitte das Fenster, Herr Braun!"""
    called, german, you = address(rng)
    polite = you is POLITE
    negated = rng.random() < 0.2
    frames = ("transitive", "separable", "ditransitive", "reflexive", "motion", "dative", "prepositional")
    clause = draw_clause(rng, frames, subject=you, tenses=("habit",), time=0.0, place=0.0, frequency=0.0, negated=negated)
    if clause.verb.stative or clause.no_object or mixes_address(clause, you):
        return imperative(rng)
    please = rng.random() < 0.5
    form = morphology.present(clause.verb, "sie") if polite else morphology.imperative(clause.verb)
    words = english_imperative(clause)
    source = f"please {words}, {called}" if please else f"{words}, {called}"
    return Draft(source, f"{german_imperative(clause, form, please, polite)}, {german}", clause.combinations, "!")
