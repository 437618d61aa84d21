"""The constructions of more than one clause: subordination, relative clauses, infinitive groups, coordination."""

from dataclasses import replace
from random import Random

from nmt.data.grammar.clause import (
    Clause,
    Tense,
    english_clause,
    english_infinitive,
    german_infinitive,
    german_question,
    german_statement,
    german_subordinate,
)
from nmt.data.grammar.degrees import copula
from nmt.data.grammar.draft import Draft, statement
from nmt.data.grammar.lexicon import Case, lexicon
from nmt.data.grammar.morphology import determiner
from nmt.data.grammar.noun_phrase import IT, PRONOUNS, Nominal, name, noun_phrase, person, pronoun, pronoun_for
from nmt.data.grammar.predicate import ACTIONS, PERSON, TENSES, draw_clause, draw_subject, draw_verb, in_time, with_modal

RAIN: Nominal = IT["n"]


def _short(rng: Random, frames: tuple[str, ...] = ACTIONS, *, subject: Nominal | None = None, tenses: tuple[Tense, ...] = TENSES) -> Clause:
    """Draw a clause with few adverbials: half of a long sentence."""
    return draw_clause(rng, frames, subject=subject, tenses=tenses, time=0.15, place=0.1, frequency=0.0)


def _weather(rng: Random, past: bool) -> Clause:
    verb = rng.choice(lexicon().verbs["weather"])
    return Clause(RAIN, verb, tense="past" if past else "now", combinations=())


def _second(rng: Random, first: Clause, past: bool) -> Clause:
    """Draw a subordinate clause for a main clause: about its subject, about someone else, or about the weather."""
    tenses: tuple[Tense, ...] = ("past", "perfect") if past else ("habit", "now")
    draw = rng.random()
    if draw < 0.12:
        return _weather(rng, past)
    subject = pronoun_for(first.subject) if draw < 0.6 and (first.subject.kind != "noun" or first.subject.agreement != "it") else None
    if draw > 0.85 or draw < 0.25:
        # A bare "he is tired" needs a person: a thing or an animal keeps an action.
        return copula(rng, subject if subject and subject.agreement != "it" else person(rng), past=past)
    clause = _short(rng, subject=subject, tenses=tenses)
    return with_modal(rng, clause, past) if not clause.time and rng.random() < 0.25 else clause


def _main(rng: Random) -> tuple[Clause, bool]:
    past = rng.random() < 0.45
    return _short(rng, tenses=("past", "perfect") if past else ("habit", "now", "future")), past


def causal_clause(rng: Random) -> Draft:
    """Because and although send the verb to the end: …, weil sie den Arzt angerufen hat."""
    first, past = _main(rng)
    second = _second(rng, first, past)
    word, german = rng.choice((("because", "weil"), ("because", "weil"), ("although", "obwohl")))
    return Draft(
        f"{english_clause(first)} {word} {english_clause(second)}",
        f"{german_statement(first)}, {german_subordinate(second, german)}",
        first.combinations + second.combinations,
    )


def fronted_clause(rng: Random) -> Draft:
    """A fronted clause takes the first place, so the main verb follows at once: Wenn es regnet, bleibt Anna zu Hause."""
    past = rng.random() < 0.35
    first = _short(rng, tenses=("past",) if past else ("habit", "future"))
    second = _second(rng, first, past)
    # The noun or name comes first in the sentence, its pronoun second.
    conditional, main = (second, first) if second.subject.kind != "pronoun" or second.subject is RAIN else (first, second)
    if conditional.tense == "future":
        conditional = replace(conditional, tense="habit", time=None)
    choices = (("when", "als"), ("because", "weil"), ("although", "obwohl")) if past else (("if", "wenn"), ("because", "weil"))
    word, german = rng.choice(choices)
    if conditional.tense == "perfect" or conditional.modal:
        # English "when" and "if" tell of single events: no perfect, and no modal after them.
        word, german = "because", "weil"
    opening = german_subordinate(conditional, german)
    return Draft(
        f"{word} {english_clause(conditional)}, {english_clause(main)}",
        f"{opening}, {german_question(main)}",
        first.combinations + second.combinations,
    )


def content_clause(rng: Random) -> Draft:
    """That and whether: Anna sagt, dass der Arzt morgen kommt; ich weiß nicht, ob …"""
    whether = rng.random() < 0.3
    verb = next(entry for entry in lexicon().verbs["clausal"] if entry.lemma == "know") if whether else draw_verb(rng, ("clausal",))
    subject = person(rng)
    past = not whether and rng.random() < 0.4
    second = draw_clause(
        rng, tenses=("past",) if past else ("habit", "now", "perfect", "future", "past"), time=0.25, place=0.1, frequency=0.05
    )
    if second.subject.kind == "noun" and second.subject.subject == subject.subject:
        second = replace(second, subject=PRONOUNS["they"])
    first = Clause(subject, verb, tense="past" if past else "habit", negated=whether)
    word, german = ("whether", "ob") if whether else ("that", "dass")
    return Draft(
        f"{english_clause(first)} {word} {english_clause(second)}",
        f"{german_statement(first)}, {german_subordinate(second, german)}",
        ((verb.lemma, subject.head), *subject.combinations, *second.combinations),
    )


def indirect_question(rng: Random) -> Draft:
    """An indirect question ends in its verb: Weißt du, warum Anna weint? — Ich weiß, wo …"""
    subject = person(rng)
    verb = next(entry for entry in lexicon().verbs["clausal"] if entry.lemma == "know")
    first = Clause(subject, verb, negated=rng.random() < 0.5)
    second = draw_clause(rng, ("transitive", "separable", "dative"), tenses=("now", "past", "perfect"), time=0.0, place=0.0, frequency=0.0)
    word, german = rng.choice((("why", "warum"), ("when", "wann"), ("where", "wo")))
    return Draft(
        f"{english_clause(first)} {word} {english_clause(second)}",
        f"{german_statement(first)}, {german_subordinate(second, german)}",
        ((verb.lemma, subject.head), *subject.combinations, *second.combinations),
    )


def pronoun_reference(rng: Random) -> Draft:
    """It follows the gender of its noun: Anna kauft die Lampe, weil sie billig ist."""
    verb = rng.choice([verb for verb in lexicon().verbs["transitive"] if not verb.objects & {"person", "animal", "kin", "young"}])
    noun_classes = verb.objects
    thing = noun_phrase(rng, noun_classes, "definite", adjective=0.0, number="sg")
    noun = next(noun for noun in lexicon().nouns if noun.english == thing.head)
    if noun.plural_only or not lexicon().adjectives_of[noun]:
        return pronoun_reference(rng)
    adjective = rng.choice(lexicon().adjectives_of[noun])
    subject = draw_subject(rng, verb)
    negated = rng.random() < 0.35
    first = Clause(
        subject,
        verb,
        negated=negated,
        english_objects=f"{verb.particle} {thing.object}".strip(),
        german_objects=thing.case("acc"),
        combinations=((verb.lemma, thing.head), (verb.lemma, subject.head), *subject.combinations),
    )
    first = in_time(rng, first, rng.choice(("habit", "now", "perfect", "future")), 0.0)
    second = Clause(
        IT[thing.gender],
        lexicon().verb_of["be"],
        negated=rng.random() < 0.2,
        english_objects=adjective.english,
        german_complement=adjective.german,
        combinations=((adjective.english, thing.head),),
    )
    word, german = rng.choice((("because", "weil"), ("although", "obwohl")))
    return Draft(
        f"{english_clause(first)} {word} {english_clause(second)}",
        f"{german_statement(first)}, {german_subordinate(second, german)}",
        first.combinations + second.combinations,
    )


def _relative(nominal: Nominal, case: Case) -> str:
    if nominal.plural and case == "dat":
        return "denen"
    return determiner(
        "der", nominal.gender, "pl" if nominal.plural else "sg", "dat" if case == "dat" else "acc" if case == "acc" else "nom"
    )


def restricted(rng: Random, classes: frozenset[str]) -> Nominal:
    """Draw the head of a restrictive relative clause: English would set a comma after "my mother"."""
    while (head := noun_phrase(rng, classes, "definite", adjective=0.2)).subject.split(" ")[0] not in {"the", "these"}:
        pass
    return head


def relative_subject(rng: Random) -> Draft:
    """A relative pronoun as subject: Der Mann, der im Park schläft, …"""
    head = restricted(rng, PERSON)
    who = replace(pronoun("who", "who", f"{_relative(head, 'nom')} - -", head.person, head.agreement), head=head.head)
    inner = _short(rng, ("transitive", "separable", "motion", "dative", "intransitive"), subject=who)
    relative = head.extended(
        f" {english_clause(inner)}",
        f", {german_subordinate(inner, '')},",
        inner.combinations,
    )
    return _around(rng, relative)


def relative_object(rng: Random) -> Draft:
    """A relative pronoun as object: Der Mantel, den Anna gekauft hat, … ; der Mann, dem ich helfe, …"""
    verb = draw_verb(rng, ("transitive", "separable", "dative", "prepositional"))
    head = restricted(rng, verb.objects)
    subject = person(rng)
    if subject.kind == "noun" and subject.head == head.head:
        subject = name(rng)
    human = head.agreement in {"he", "she"} or (head.agreement == "they" and "person" in _classes(head))
    inner = in_time(rng, Clause(subject, verb, english_objects=verb.particle), rng.choice(("habit", "now", "past", "perfect")), 0.15)
    case: Case = "dat" if verb.frame == "dative" or verb.preposition_case == "dat" else "acc"
    opening = f"{verb.preposition} {_relative(head, case)}".strip()
    relative = head.extended(
        f" {'whom' if human else 'that'} {english_clause(inner)}",
        f", {german_subordinate(inner, opening)},",
        ((verb.lemma, head.head), (verb.lemma, subject.head), *subject.combinations),
    )
    if human:
        return _around(rng, relative)
    clause = copula_of(rng, relative, head)
    return statement(clause)


def _classes(nominal: Nominal) -> frozenset[str]:
    return next(noun.classes for noun in lexicon().nouns if noun.english == nominal.head)


def copula_of(rng: Random, phrase: Nominal, head: Nominal) -> Clause:
    """Say something about a thing: … ist teuer."""
    noun = next(noun for noun in lexicon().nouns if noun.english == head.head)
    choices = [entry for entry in lexicon().adjectives_of[noun] if (entry.english, noun.english) not in head.combinations]
    adjective = rng.choice(choices or [entry for entry in lexicon().adjectives if entry.english == "beautiful"])
    return Clause(
        phrase,
        lexicon().verb_of["be"],
        tense=rng.choice(("habit", "past")),
        english_objects=adjective.english,
        german_complement=adjective.german,
        combinations=(*phrase.combinations, (adjective.english, head.head)),
    )


def _around(rng: Random, phrase: Nominal) -> Draft:
    """Put a person with a relative clause into a main clause, as its subject or its object."""
    if rng.random() < 0.5:
        return statement(copula(rng, phrase) if rng.random() < 0.5 else _short(rng, ("intransitive", "motion"), subject=phrase))
    verb = lexicon().verb_of[rng.choice(("see", "visit", "meet"))]
    subject = person(rng)
    if subject.kind == "noun":
        subject = name(rng)
    combinations = ((verb.lemma, phrase.head), *phrase.combinations)
    clause = Clause(subject, verb, english_objects=phrase.object, german_objects=phrase.case("acc"), combinations=combinations)
    return statement(in_time(rng, clause, rng.choice(("habit", "perfect")), 0.0))


def purpose(rng: Random) -> Draft:
    """To do something is um … zu: Anna geht in die Stadt, um einen Mantel zu kaufen."""
    first = draw_clause(rng, ("motion",), subject=person(rng), time=0.2, frequency=0.0)
    second = draw_clause(
        rng,
        ("transitive", "separable", "ditransitive", "dative"),
        subject=first.subject,
        tenses=("habit",),
        time=0.0,
        place=0.0,
        frequency=0.0,
    )
    if second.verb.stative:
        return purpose(rng)
    return Draft(
        f"{english_clause(first)} {english_infinitive(second)}",
        f"{german_statement(first)}, {german_infinitive(second, 'um')}",
        first.combinations + second.combinations,
    )


def infinitive_group(rng: Random) -> Draft:
    """To try, begin, promise with zu: Anna versucht, den Arzt anzurufen."""
    verb = draw_verb(rng, ("control",))
    subject = person(rng)
    second = draw_clause(
        rng,
        ("transitive", "separable", "ditransitive", "dative", "reflexive"),
        subject=subject,
        tenses=("habit",),
        time=0.0,
        place=0.0,
        frequency=0.0,
    )
    if second.verb.stative:
        return infinitive_group(rng)
    first = in_time(rng, Clause(subject, verb, combinations=subject.combinations), rng.choice(("habit", "past", "perfect", "future")), 0.2)
    # An adverbial of time would fall between the verb and its infinitive in English: it is fronted in both languages.
    time, german_time = (first.time.english, first.time.german) if first.time else ("", "")
    return Draft(
        f"{english_clause(first, time)} {english_infinitive(second)}",
        f"{german_statement(first, german_time)}, {german_infinitive(second)}",
        first.combinations + second.combinations,
    )


def coordination(rng: Random) -> Draft:
    """And and but leave verb-second order alone: Anna liest das Buch, aber Paul schläft."""
    first, past = _main(rng)
    second = _short(rng, tenses=("past", "perfect") if past else ("habit", "now"))
    if second.subject.subject == first.subject.subject and first.subject.kind != "pronoun":
        second = _short(rng, ("intransitive", "motion"), subject=pronoun_for(first.subject), tenses=("past",) if past else ("now",))
    word, german = rng.choice((("and", " und"), ("but", ", aber")))
    return Draft(
        f"{english_clause(first)}{',' if word == 'but' else ''} {word} {english_clause(second)}",
        f"{german_statement(first)}{german} {german_statement(second)}",
        first.combinations + second.combinations,
    )
