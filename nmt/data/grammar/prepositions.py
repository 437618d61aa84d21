"""Prepositions and their cases, and the places that they name."""

from dataclasses import replace
from random import Random

from nmt.data.grammar import english
from nmt.data.grammar.clause import Clause, english_clause, german_statement
from nmt.data.grammar.draft import THE, Draft, statement
from nmt.data.grammar.lexicon import Adverbial, Case, lexicon
from nmt.data.grammar.noun_phrase import Nominal, describe, noun_phrase, person, place_phrase
from nmt.data.grammar.predicate import draw_clause, governed, in_time

_COMPANY: tuple[tuple[str, str, Case], ...] = (("with", "mit", "dat"), ("without", "ohne", "acc"))


def dative_preposition(rng: Random) -> Draft:
    """Mit, bei, nach, von, aus take the dative, für and ohne the accusative."""
    kind = rng.randrange(5)
    if kind == 0:
        clause = draw_clause(rng, verb=lexicon().verb_of["drive"], time=0.4, frequency=0.0)
        vehicle = rng.choice(lexicon().nouns_of(frozenset({"transport"})))
        german = governed("mit", describe(vehicle, "sg", THE, None), "dat")
        clause = replace(
            clause,
            english_objects=f"{clause.english_objects} by {vehicle.english}",
            german_complement=f"{german} {clause.german_complement}",
            combinations=(*clause.combinations, (clause.verb.lemma, vehicle.english)),
        )
        return statement(clause)
    if kind == 1:
        clause = draw_clause(rng, ("intransitive",), time=0.3, place=0.0, frequency=0.1)
        companion = person(rng, pronouns=False)
        word, german, case = rng.choice(_COMPANY)
        return _with_phrase(clause, word, german, companion, case)
    if kind == 2:
        clause = draw_clause(rng, ("motion",), verb=lexicon().verb_of["come"], time=0.4, frequency=0.1)
        origin = noun_phrase(rng, frozenset({"building", "home", "room"}), "definite", number="sg")
        clause = replace(clause, english_objects="", german_complement="", combinations=((clause.verb.lemma, clause.subject.head),))
        return _with_phrase(clause, "out of", "aus", origin, "dat")
    if kind == 3:
        clause = draw_clause(rng, ("transitive",), verb=lexicon().verb_of["buy"], time=0.4, place=0.0, frequency=0.0)
        return _with_phrase(clause, "for", "für", person(rng, pronouns=False), "acc")
    clause = draw_clause(rng, ("transitive", "intransitive", "separable"), time=0.0, place=0.0, frequency=0.0)
    occasion = describe(rng.choice(lexicon().nouns_of(frozenset({"occasion"}))), "sg", THE, None)
    return _occasion(rng, clause, occasion)


def _with_phrase(clause: Clause, word: str, german: str, other: Nominal, case: Case) -> Draft:
    clause = replace(
        clause,
        english_objects=f"{clause.english_objects} {word} {other.object}".strip(),
        german_complement=governed(german, other, case),
        combinations=(*clause.combinations, (clause.verb.lemma, other.head), *other.combinations),
    )
    return statement(clause)


_OCCASIONS: tuple[tuple[str, str, Case], ...] = (("after", "nach", "dat"), ("before", "vor", "dat"), ("during", "während", "gen"))


def _occasion(rng: Random, clause: Clause, occasion: Nominal) -> Draft:
    if occasion.head == "holidays":
        occasion = describe(next(noun for noun in lexicon().nouns if noun.english == "holidays"), "pl", THE, None)
    word, german, case = rng.choice(_OCCASIONS)
    phrase = governed(german, occasion, case)
    clause = replace(clause, time=Adverbial(f"{word} {occasion.object}", phrase), frequency=None)
    clause = replace(clause, combinations=(*clause.combinations, (clause.verb.lemma, occasion.head)))
    if rng.random() < 0.5 and clause.time:
        return Draft(english_clause(clause, clause.time.english), german_statement(clause, clause.time.german), clause.combinations)
    return statement(clause)


_TWO_WAY = (("on", "auf"), ("under", "unter"), ("behind", "hinter"), ("beside", "neben"), ("in front of", "vor"))


def two_way_preposition(rng: Random) -> Draft:
    """Accusative where to, dative where: stellt die Tasse auf den Tisch, die Tasse steht auf dem Tisch."""
    upright = rng.random() < 0.5
    beside = rng.random() < 0.25
    landmark = noun_phrase(rng, frozenset({"landmark_beside" if beside else "landmark"}), "definite", number="sg", adjective=0.3)
    word, german = rng.choice(_TWO_WAY[2:] if beside else _TWO_WAY)
    movable = frozenset({"upright" if upright else "flat"})
    thing = noun_phrase(rng, movable, "definite" if rng.random() < 0.65 else "indefinite", adjective=0.3)
    while thing.head == landmark.head:
        thing = noun_phrase(rng, movable, "definite", adjective=0.3)
    placing = rng.random() < 0.5
    verb = lexicon().verb_of[("put" if upright else "lay") if placing else ("stand" if upright else "lie")]
    combinations = ((verb.lemma, thing.head), (verb.lemma, landmark.head), *thing.combinations, *landmark.combinations)
    where = f"{word} {landmark.object}"
    if not placing:
        clause = Clause(thing, verb, english_objects=where, german_complement=governed(german, landmark, "dat"), combinations=combinations)
        return statement(in_time(rng, clause, rng.choice(("now", "now", "past")), 0.2))
    subject = person(rng)
    clause = Clause(
        subject,
        verb,
        english_objects=f"{thing.object} {where}",
        german_objects=thing.case("acc"),
        german_complement=governed(german, landmark, "acc"),
        combinations=(*combinations, *subject.combinations),
    )
    return statement(in_time(rng, clause, rng.choice(("now", "past", "perfect", "future")), 0.3))


def existence(rng: Random) -> Draft:
    """There is, there are: es gibt with an accusative. In der Küche gibt es einen alten Tisch."""
    classes = frozenset({rng.choice(("furniture", "device", "tableware", "portable"))})
    where, german, place, place_combinations = place_phrase(rng, frozenset({"room", "building", "home"}))
    thing = noun_phrase(rng, classes, "indefinite")
    past = rng.random() < 0.3
    be = english.be("they" if thing.plural else "it", past)
    source = f"there {be} {thing.object} {where}"
    combinations = (("there is", thing.head), (thing.head, place), *thing.combinations, *place_combinations)
    return Draft(source, f"{german} {'gab' if past else 'gibt'} es {thing.case('acc')}", combinations)
