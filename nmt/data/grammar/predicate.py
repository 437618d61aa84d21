"""Draw a plausible clause: a subject, a verb that suits it, and what the verb takes in each language."""

from dataclasses import dataclass, replace
from random import Random

from nmt.data.grammar.adverbials import time_adverbial
from nmt.data.grammar.clause import MODALS, Clause, Tense
from nmt.data.grammar.lexicon import Adverbial, Case, Verb, lexicon
from nmt.data.grammar.morphology import contract
from nmt.data.grammar.noun_phrase import (
    POLITE,
    Combination,
    Nominal,
    goal_phrase,
    no_phrase,
    noun_phrase,
    person,
    place_phrase,
)

ACTIONS = ("transitive", "transitive", "separable", "intransitive", "motion", "dative", "ditransitive", "prepositional", "reflexive")
"""The frames of everyday statements; transitive verbs count twice, for they are half of the lexicon."""
TAKES_OBJECT = ("transitive", "separable")
TENSES: tuple[Tense, ...] = ("habit", "now", "past", "perfect", "future")
PERSON = frozenset({"person"})
PEOPLE = frozenset({"person", "kin", "trade", "young"})


@dataclass(frozen=True)
class Complement:
    """What a verb takes, ready for `Clause`: `pronoun` is one that German sets early in the middle field."""

    english: str = ""
    pronoun: str = ""
    objects: str = ""
    late: str = ""
    no_object: bool = False
    indefinite: bool = False
    combinations: tuple[Combination, ...] = ()


def draw_verb(rng: Random, frames: tuple[str, ...]) -> Verb:
    """Draw a frame, then a verb of it."""
    return rng.choice(lexicon().verbs[rng.choice(frames)])


def draw_subject(rng: Random, verb: Verb) -> Nominal:
    """Draw a subject of the classes that the verb allows; names and pronouns stand for people."""
    if "person" in verb.subjects and ("animal" not in verb.subjects or rng.random() < 0.7):
        return person(rng)
    classes = verb.subjects - PERSON or verb.subjects
    return noun_phrase(
        rng, classes, "definite" if rng.random() < 0.85 else "indefinite", adjective=0.3, number=rng.choice(("sg", "sg", "sg", "pl"))
    )


def draw_other(rng: Random, classes: frozenset[str], subject: Nominal | None, polite: bool = False) -> Nominal:
    """Draw an object; only people are taken up by pronouns and names, and never the subject's own person."""
    people = classes & PEOPLE
    if not people or (people != classes and rng.random() < 0.5):
        return noun_phrase(rng, classes - people, "definite" if rng.random() < 0.55 else "indefinite")
    other = person(rng, classes=people)
    clash = {"we", "I"} if subject and subject.agreement in {"we", "I"} else {subject.agreement} if subject else set()
    if other.kind == "pronoun" and (polite or other.agreement in clash):
        return noun_phrase(rng, people, "definite")
    if subject is not None and other.kind != "pronoun" and other.object == subject.object:
        return noun_phrase(rng, people, "indefinite", number="sg", adjective=1.0)
    return other


def _with_particle(verb: Verb, other: Nominal) -> str:
    if verb.movable and other.kind == "pronoun":
        return f"{other.object} {verb.particle}"
    return f"{verb.particle} {other.object}".strip()


def complement(rng: Random, verb: Verb, subject: Nominal | None, negated: bool = False, polite: bool = False) -> Complement:
    """Draw what the verb takes. A negated clause keeps its object definite (nicht) or makes it a kein-phrase."""
    if verb.frame in TAKES_OBJECT:
        return _accusative(rng, verb, subject, negated, polite)
    if verb.frame == "dative":
        other = draw_other(rng, verb.objects, subject, polite)
        early = other.kind == "pronoun"
        dative = other.case("dat")
        return Complement(
            _with_particle(verb, other),
            dative if early else "",
            "" if early else dative,
            combinations=((verb.lemma, other.head), *other.combinations),
        )
    if verb.frame == "ditransitive":
        return _ditransitive(rng, verb, subject, negated, polite)
    if verb.preposition:
        other = draw_other(rng, verb.objects, subject, polite)
        phrase = contract(verb.preposition, other.case(verb.preposition_case))
        return Complement(_with_particle(verb, other), late=phrase, combinations=((verb.lemma, other.head), *other.combinations))
    if verb.frame == "motion":
        animal = subject is not None and subject.kind == "noun" and subject.agreement == "it"
        goal, german, head, combinations = goal_phrase(rng, frozenset({"outdoors", "home"}) if animal else verb.objects)
        return Complement(goal, late=german, combinations=((verb.lemma, head), *combinations))
    return Complement(verb.particle)


def is_indefinite(other: Nominal) -> bool:
    """Whether a phrase has "a" or no determiner: German sets it after a place, a definite one before."""
    return other.kind == "noun" and other.object.split(" ")[0] not in _DEFINITE_WORDS


_DEFINITE_WORDS = {"the", "this", "these", "my", "your", "his", "her", "our", "their"}


def _accusative(rng: Random, verb: Verb, subject: Nominal | None, negated: bool, polite: bool) -> Complement:
    if negated and not verb.objects & PEOPLE and rng.random() < 0.5:
        other = no_phrase(rng, verb.objects)
        combinations = ((verb.lemma, other.head), *other.combinations)
        return Complement(
            _with_particle(verb, other), objects=other.case("acc"), no_object=True, indefinite=True, combinations=combinations
        )
    other = noun_phrase(rng, verb.objects, "definite") if negated else draw_other(rng, verb.objects, subject, polite)
    early = other.kind == "pronoun"
    accusative = other.case("acc")
    return Complement(
        _with_particle(verb, other),
        accusative if early else "",
        "" if early else accusative,
        indefinite=is_indefinite(other),
        combinations=((verb.lemma, other.head), *other.combinations),
    )


def _ditransitive(rng: Random, verb: Verb, subject: Nominal | None, negated: bool, polite: bool) -> Complement:
    """Both English orders ("gives him a book", "gives a book to him") are the same German: dative before accusative."""
    recipient = draw_other(rng, PERSON, subject, polite)
    given = noun_phrase(rng, verb.objects, "definite" if negated or rng.random() < 0.5 else "indefinite")
    early = recipient.kind == "pronoun"
    if verb.double_object and rng.random() < 0.6:
        english = f"{recipient.object} {given.object}"
    else:
        english = f"{_with_particle(verb, given)} to {recipient.object}"
    dative, accusative = recipient.case("dat"), given.case("acc")
    return Complement(
        english,
        dative if early else "",
        accusative if early else f"{dative} {accusative}",
        combinations=((verb.lemma, given.head), *given.combinations, *recipient.combinations),
    )


def draw_clause(
    rng: Random,
    frames: tuple[str, ...] = ACTIONS,
    *,
    subject: Nominal | None = None,
    tenses: tuple[Tense, ...] = TENSES,
    negated: bool = False,
    time: float = 0.4,
    place: float = 0.25,
    frequency: float = 0.15,
    verb: Verb | None = None,
) -> Clause:
    """Draw a whole clause.

    Args:
        rng: The source of every choice.
        frames: The verb frames to choose from.
        subject: A subject that is already known.
        tenses: The tenses to choose from.
        negated: Whether the clause is negated, by nicht or by kein.
        time: Probability of an adverbial of time.
        place: Probability of an adverbial of place where the verb leaves room for one.
        frequency: Probability of an adverb of frequency, in a simple present without another adverbial of time.
        verb: A verb that is already known.
    """
    verb = verb or draw_verb(rng, frames)
    polite = subject is POLITE
    subject = subject or draw_subject(rng, verb)
    taken = complement(rng, verb, subject, negated, polite)
    clause = Clause(
        subject,
        verb,
        negated=negated and not taken.no_object,
        no_object=taken.no_object,
        indefinite_object=taken.indefinite,
        english_objects=taken.english,
        german_pronouns=taken.pronoun,
        german_objects=taken.objects,
        german_complement=taken.late,
        combinations=((verb.lemma, subject.head), *subject.combinations, *taken.combinations),
    )
    clause = in_time(rng, clause, rng.choice(tenses), time)
    if clause.tense == "habit" and not clause.time and not negated and rng.random() < frequency:
        clause = replace(clause, frequency=rng.choice(lexicon().frequencies))
    if verb.frame in {"intransitive", "transitive"} and verb.places and not clause.negated and rng.random() < place:
        clause = in_place(rng, clause)
    return clause


def in_place(rng: Random, clause: Clause) -> Clause:
    """Add an adverbial of place, unless the verb has no room for one or it would repeat a noun."""
    if not clause.verb.places:
        return clause
    animal = clause.subject.kind == "noun" and clause.subject.agreement == "it"
    english, german, head, combinations = place_phrase(rng, frozenset({"outdoors"}) if animal else clause.verb.places)
    if any(head == other for _, other in clause.combinations):
        return clause
    added = ((clause.verb.lemma, head), *combinations)
    return replace(clause, place=Adverbial(english, german), combinations=clause.combinations + added)


def in_time(rng: Random, clause: Clause, tense: Tense, probability: float = 1.0) -> Clause:
    """Set the tense, and perhaps an adverbial that suits it.

    Two English forms would be two German sentences: "I read the book" and "I put …" show their past only with a past adverbial, so without
    one they are perfects here. Stative verbs have no progressive.
    """
    if tense == "now" and clause.verb.stative:
        tense = "habit"
    timeless = tense == "perfect" or (tense == "habit" and clause.verb.stative)
    time = time_adverbial(rng, tense) if not timeless and rng.random() < probability else None
    ambiguous = clause.verb.past == clause.verb.english
    if tense == "past" and ambiguous:
        past_only = [entry for entry in lexicon().times if entry.tenses == {"past"}]
        time = rng.choice(past_only) if probability else None
        tense = "past" if time else "perfect"
    return replace(clause, tense=tense, time=time)


def with_modal(rng: Random, clause: Clause, past: bool | None = None) -> Clause:
    """Put the clause under a modal, of a given tense or of any."""
    modal = rng.choice([modal for modal in MODALS if past is None or modal.past == past])
    return replace(clause, modal=modal, tense="past" if modal.past else "habit", frequency=None)


def governed(preposition: str, other: Nominal, case: Case) -> str:
    """Return a German prepositional phrase."""
    return contract(preposition, other.case(case))
