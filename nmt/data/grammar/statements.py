"""Statements: agreement inside the noun phrase, the verb's two places, tense, voice and negation."""

from dataclasses import replace
from random import Random

from nmt.data.grammar.adverbials import clock, date, duration, time_adverbial
from nmt.data.grammar.clause import MODALS, Clause, Tense, english_clause, german_statement
from nmt.data.grammar.draft import Draft, statement
from nmt.data.grammar.lexicon import lexicon
from nmt.data.grammar.noun_phrase import noun_phrase, person
from nmt.data.grammar.predicate import TAKES_OBJECT, draw_clause, draw_subject, draw_verb, governed, in_place, in_time, with_modal


def adjective_agreement(rng: Random) -> Draft:
    """The adjective agrees with its noun: Anna kauft einen roten Mantel, kalte Milch, die alten Stühle."""
    verb = draw_verb(rng, ("transitive",))
    subject = draw_subject(rng, verb)
    classes = verb.objects
    other = noun_phrase(rng, classes, "definite" if rng.random() < 0.4 else "indefinite", adjective=1.0)
    clause = Clause(
        subject,
        verb,
        english_objects=f"{verb.particle} {other.object}".strip(),
        german_objects=other.case("acc"),
        combinations=((verb.lemma, subject.head), (verb.lemma, other.head), *subject.combinations, *other.combinations),
    )
    return statement(in_time(rng, clause, rng.choice(("habit", "now", "perfect", "future")), 0.3))


def fronted_time(rng: Random) -> Draft:
    """A fronted time inverts verb and subject: Morgen wird Anna den Mantel kaufen."""
    clause = draw_clause(rng, tenses=("habit", "now", "past", "future"), time=1.0)
    if not clause.time:
        return fronted_time(rng)
    front = clause.time
    return Draft(english_clause(clause, front.english), german_statement(clause, front.german), clause.combinations)


def fronted_place(rng: Random) -> Draft:
    """A fronted place inverts verb and subject: Im Garten liest Anna das Buch."""
    clause = in_place(rng, draw_clause(rng, ("transitive", "intransitive"), time=0.2, place=0.0, frequency=0.0))
    if not clause.place:
        return fronted_place(rng)
    front = clause.place
    return Draft(english_clause(clause, front.english), german_statement(clause, front.german), clause.combinations)


def separable_verb(rng: Random) -> Draft:
    """The prefix closes the clause: Anna ruft morgen den Arzt an."""
    return statement(draw_clause(rng, ("separable",), tenses=("habit", "habit", "now", "perfect"), time=0.6))


def perfect(rng: Random) -> Draft:
    """English past and perfect are the German perfect, participle last: Anna ist ins Kino gegangen."""
    return statement(draw_clause(rng, tenses=("past", "perfect")))


def future(rng: Random) -> Draft:
    """Will is werden with the infinitive last."""
    return statement(draw_clause(rng, tenses=("future",)))


def modal(rng: Random) -> Draft:
    """A modal sends the infinitive to the end: Anna muss den Arzt anrufen."""
    clause = with_modal(rng, draw_clause(rng, time=0.0, frequency=0.0, tenses=("habit",)))
    if rng.random() < 0.4:
        clause = replace(clause, time=time_adverbial(rng, "past" if clause.modal and clause.modal.past else "future"))
    return statement(clause)


def passive(rng: Random) -> Draft:
    """Werden with the participle last, the agent with von: Der Brief wurde vom Lehrer geschrieben."""
    while not (verb := draw_verb(rng, ("transitive", "separable"))).objects or verb.stative or verb.lemma in {"meet", "introduce"}:
        pass
    thing = noun_phrase(rng, verb.objects, "definite")
    clause = Clause(thing, verb, passive=True, combinations=((verb.lemma, thing.head), *thing.combinations))
    agent = ""
    if rng.random() < 0.55:
        doer = person(rng, pronouns=False)
        agent = f"by {doer.object}"
        clause = replace(
            clause,
            german_objects=governed("von", doer, "dat"),
            combinations=(*clause.combinations, (verb.lemma, doer.head), *doer.combinations),
        )
    clause = replace(clause, english_objects=f"{verb.particle} {agent}".strip())
    if rng.random() < 0.25:
        return statement(replace(clause, modal=rng.choice([entry for entry in MODALS if entry.suits_things])))
    tense: Tense = rng.choice(("habit", "now", "past", "past"))
    return statement(in_time(rng, clause, tense, 0.4))


def negation_nicht(rng: Random) -> Draft:
    """Nicht follows a definite object and precedes place, goal and verb parts."""
    clause = draw_clause(rng, negated=True, frequency=0.0)
    return statement(with_modal(rng, clause) if not clause.time and rng.random() < 0.25 else clause)


def negation_kein(rng: Random) -> Draft:
    """An indefinite object is negated by kein: Anna kauft keinen roten Mantel."""
    while True:
        clause = draw_clause(rng, TAKES_OBJECT, negated=True, place=0.0, frequency=0.0)
        if clause.no_object:
            return statement(clause)


def dates_and_clock(rng: Random) -> Draft:
    """Dates and clock times: am dritten Mai, um halb vier."""
    clause = draw_clause(rng, tenses=("past", "future"), time=0.0, place=0.15, frequency=0.0)
    if clause.tense == "perfect":
        clause = replace(clause, tense="future")
    clause = replace(clause, time=date(rng) if rng.random() < 0.5 else clock(rng))
    if rng.random() < 0.4 and clause.time:
        return Draft(english_clause(clause, clause.time.english), german_statement(clause, clause.time.german), clause.combinations)
    return statement(clause)


_LASTING = {"sleep", "work", "dance", "sing", "play", "wait", "cry", "wait for", "dream of", "talk to"}


def duration_present(rng: Random) -> Draft:
    """What still goes on is a German present: Anna arbeitet seit drei Jahren im Krankenhaus."""
    verbs = [verb for verb in (*lexicon().verbs["intransitive"], *lexicon().verbs["prepositional"]) if verb.lemma in _LASTING]
    verb = rng.choice(verbs)
    clause = draw_clause(rng, verb=verb, time=0.0, place=0.0, frequency=0.0, tenses=("habit",))
    clause = replace(clause, tense="since", time=duration(rng))
    return statement(in_place(rng, clause) if not verb.preposition else clause)
