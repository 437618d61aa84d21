"""What a verb takes beyond an accusative: datives, reflexives, prepositions, the genitive inside an object."""

from dataclasses import replace
from random import Random

from nmt.data.grammar.clause import Clause, english_clause, english_question, german_question, german_statement
from nmt.data.grammar.draft import Draft, statement
from nmt.data.grammar.lexicon import lexicon
from nmt.data.grammar.noun_phrase import noun_phrase, person, possession
from nmt.data.grammar.predicate import TAKES_OBJECT, draw_clause, draw_subject, in_time


def dative_object(rng: Random) -> Draft:
    """The dative precedes the accusative: Anna gibt dem Lehrer ein Buch."""
    return statement(draw_clause(rng, ("ditransitive",)))


def dative_verb(rng: Random) -> Draft:
    """Some verbs take a dative where English has an object: Anna hilft dem Arzt."""
    return statement(draw_clause(rng, ("dative",)))


def experiencer(rng: Random) -> Draft:
    """Who likes is a dative, what is liked the subject: Das Kleid gefällt der Frau."""
    verb = lexicon().verb_of["like"]
    liked = noun_phrase(rng, verb.objects, "definite")
    who = person(rng)
    clause = Clause(
        liked,
        verb,
        tense=rng.choice(("habit", "habit", "past")),
        english_subject=who,
        english_objects=liked.object,
        combinations=((verb.lemma, liked.head), (verb.lemma, who.head), *liked.combinations, *who.combinations),
    )
    kind = rng.randrange(3)
    if kind == 0:
        clause = replace(clause, german_objects=who.case("dat"))
        return statement(clause)
    clause = replace(clause, german_experiencer=who.case("dat"))
    if kind == 1:
        return Draft(english_question(clause), german_question(clause), clause.combinations, "?")
    clause = replace(clause, negated=True, german_experiencer="", german_objects=who.case("dat"))
    return statement(clause)


def belonging(rng: Random) -> Draft:
    """What belongs is the subject, its owner a dative: Der alte Koffer gehört meinem Onkel."""
    verb = lexicon().verb_of["belong to"]
    thing = noun_phrase(rng, verb.objects, "definite")
    while thing.subject.split(" ")[0] not in {"the", "this", "these"}:
        thing = noun_phrase(rng, verb.objects, "definite")
    owner = person(rng)
    clause = Clause(
        thing,
        verb,
        tense=rng.choice(("habit", "habit", "past")),
        negated=rng.random() < 0.2,
        english_objects=f"to {owner.object}",
        german_objects=owner.case("dat"),
        combinations=((verb.lemma, thing.head), (verb.lemma, owner.head), *thing.combinations, *owner.combinations),
    )
    return statement(clause)


def reflexive(rng: Random) -> Draft:
    """German adds a reflexive pronoun: Anna beeilt sich, ich freue mich auf die Ferien."""
    negated = rng.random() < 0.15
    clause = draw_clause(rng, ("reflexive", "reflexive_prepositional"), time=0.45, negated=negated)
    if clause.time and rng.random() < 0.4:
        return Draft(english_clause(clause, clause.time.english), german_statement(clause, clause.time.german), clause.combinations)
    return statement(clause)


def prepositional_object(rng: Random) -> Draft:
    """The verb chooses preposition and case: Anna wartet auf den Bus, spricht mit dem Arzt."""
    return statement(draw_clause(rng, ("prepositional", "prepositional", "reflexive_prepositional")))


def genitive(rng: Random) -> Draft:
    """The possessor follows in the genitive: das alte Auto des Arztes, Annas neuer Mantel."""
    verb = rng.choice(
        [verb for frame in TAKES_OBJECT for verb in lexicon().verbs[frame] if verb.objects & {"goods", "portable", "clothes", "text"}]
    )
    owned = possession(rng, verb.objects & {"goods", "portable", "clothes", "text", "vehicle", "opens"} or verb.objects)
    subject = draw_subject(rng, verb)
    words = f"{verb.particle} {owned.object}".strip()
    combinations = ((verb.lemma, owned.head), (verb.lemma, subject.head), *owned.combinations, *subject.combinations)
    clause = Clause(subject, verb, english_objects=words, german_objects=owned.case("acc"), combinations=combinations)
    return statement(in_time(rng, clause, rng.choice(("habit", "now", "past", "perfect", "future")), 0.3))
