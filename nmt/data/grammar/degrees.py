"""Numbers, prices, ages, predicative adjectives and comparison."""

from dataclasses import replace
from random import Random

from nmt.data.grammar import english, morphology
from nmt.data.grammar.adverbials import english_number, german_number
from nmt.data.grammar.clause import Clause, english_question, german_question
from nmt.data.grammar.draft import THE, Draft, statement
from nmt.data.grammar.lexicon import lexicon
from nmt.data.grammar.noun_phrase import Nominal, degree_for, describe, noun_phrase, person
from nmt.data.grammar.predicate import PERSON, draw_subject, draw_verb, in_time


def counting(rng: Random) -> Draft:
    """Numerals leave the adjective strong, and German says the ones first: zweiunddreißig alte Bücher."""
    verb = draw_verb(rng, ("transitive",))
    while verb.objects <= {"person", "drink", "kin", "trade"}:
        verb = draw_verb(rng, ("transitive", "separable"))
    noun = rng.choice([noun for noun in lexicon().nouns_of(verb.objects) if not noun.classes & PERSON and not noun.mass])
    amount = rng.randint(2, 99)
    modifier = None
    if rng.random() < 0.35 and (choices := lexicon().adjectives_of[noun]):
        adjective = rng.choice(choices)
        modifier = adjective.english, adjective.stem, adjective.english
    phrase = describe(noun, "pl", ("", english_number(amount), ""), modifier, german_number(amount))
    subject = draw_subject(rng, verb)
    clause = Clause(
        subject,
        verb,
        english_objects=f"{verb.particle} {phrase.object}".strip(),
        german_objects=phrase.case("acc"),
        combinations=((verb.lemma, subject.head), (verb.lemma, noun.english), *subject.combinations, *phrase.combinations),
    )
    return statement(in_time(rng, clause, rng.choice(("past", "perfect", "future")), 0.3))


def price(rng: Random) -> Draft:
    """Prices and ages: kostet einundzwanzig Euro, ist dreißig Jahre alt."""
    amount = rng.randint(2, 99)
    if rng.random() < 0.5:
        thing = noun_phrase(rng, frozenset({"goods"}), "definite")
        verb = lexicon().verb_of["cost"]
        clause = Clause(thing, verb, english_objects=f"{english_number(amount)} euros", german_complement=f"{german_number(amount)} Euro")
        return statement(replace(clause, combinations=((verb.lemma, thing.head), *thing.combinations)))
    who = person(rng)
    verb = lexicon().verb_of["be"]
    clause = Clause(
        who, verb, english_objects=f"{english_number(amount)} years old", german_complement=f"{german_number(amount)} Jahre alt"
    )
    return statement(replace(clause, combinations=(("years old", who.head), *who.combinations)))


def copula(rng: Random, subject: Nominal | None = None, *, negated: bool = False, past: bool | None = None) -> Clause:
    """Draw "Anna is tired": a subject and a predicative adjective that suits it."""
    verb = lexicon().verb_of["be"]
    classes = frozenset({rng.choice(("person", "person", "goods", "food", "text", "place"))})
    subject = subject or (person(rng) if classes == PERSON else noun_phrase(rng, classes, "definite"))
    if subject.kind == "noun":
        noun = next(noun for noun in lexicon().nouns if noun.english == subject.head)
        choices = [
            adjective for adjective in lexicon().adjectives_of[noun] if (adjective.english, noun.english) not in subject.combinations
        ]
    else:
        choices = [adjective for adjective in lexicon().adjectives if "person" in adjective.classes]
    adjective = rng.choice(choices)
    clause = Clause(
        subject,
        verb,
        negated=negated,
        english_objects=adjective.english,
        german_complement=adjective.german,
        combinations=((adjective.english, subject.head), *subject.combinations),
    )
    past = rng.random() < 0.5 if past is None else past
    return replace(clause, tense="past" if past else "habit")


def predicate_adjective(rng: Random) -> Draft:
    """A predicative adjective has no ending: Die Suppe ist kalt."""
    clause = copula(rng, negated=rng.random() < 0.25)
    if rng.random() < 0.25:
        return Draft(english_question(clause), german_question(clause), clause.combinations, "?")
    return statement(clause)


def comparison(rng: Random) -> Draft:
    """Older than, as old as, the oldest: älter als, so alt wie, der älteste."""
    classes = frozenset({rng.choice(("person", "animal", "vehicle", "furniture", "text", "building", "clothes"))})
    first, second = (noun_phrase(rng, classes, "definite", adjective=0.0) for _ in range(2))
    while first.subject == second.subject:
        second = noun_phrase(rng, classes, "definite", adjective=0.0)
    verb = lexicon().verb_of["be"]
    heads = [noun for noun in lexicon().nouns if noun.english in {first.head, second.head}]
    choices = [entry for entry in lexicon().adjectives if entry.gradable and all(entry.classes & noun.classes for noun in heads)]
    adjective = rng.choice(choices)
    if rng.random() < 0.5:
        words = f"{english.comparative(adjective)} than {second.object}", f"{morphology.comparative(adjective)} als {second.case('nom')}"
    else:
        words = f"as {adjective.english} as {second.object}", f"so {adjective.german} wie {second.case('nom')}"
    combinations = ((adjective.english, first.head), (adjective.english, second.head), *first.combinations, *second.combinations)
    clause = Clause(first, verb, english_objects=words[0], german_complement=words[1], combinations=combinations)
    return statement(replace(clause, tense=rng.choice(("habit", "past")), negated=rng.random() < 0.2))


def degree_attribute(rng: Random) -> Draft:
    """Comparatives and superlatives take endings too: ein größeres Haus, die billigste Lampe."""
    verb = draw_verb(rng, ("transitive",))
    superlative = rng.random() < 0.5
    while (noun := rng.choice(lexicon().nouns_of(verb.objects))).mass or (modifier := degree_for(rng, noun, superlative)) is None:
        verb = draw_verb(rng, ("transitive",))
    number: morphology.Number = "pl" if rng.random() < 0.2 else "sg"
    other = describe(noun, number, THE if superlative else ("a", "", "ein"), modifier)
    subject = draw_subject(rng, verb)
    clause = Clause(
        subject,
        verb,
        english_objects=f"{verb.particle} {other.object}".strip(),
        german_objects=other.case("acc"),
        combinations=((verb.lemma, subject.head), (verb.lemma, other.head), *subject.combinations, *other.combinations),
    )
    return statement(in_time(rng, clause, rng.choice(("habit", "past", "perfect", "future")), 0.3))
