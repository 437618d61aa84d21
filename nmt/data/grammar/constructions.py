"""The constructions of single clauses: each function draws one example of what its name says."""

from dataclasses import dataclass, replace
from random import Random

from nmt.data.grammar import english, morphology
from nmt.data.grammar.adverbials import clock, date, duration, english_number, german_number, time_adverbial
from nmt.data.grammar.clause import (
    Clause,
    english_clause,
    english_imperative,
    english_question,
    german_imperative,
    german_question,
    german_statement,
)
from nmt.data.grammar.lexicon import Adverbial, lexicon
from nmt.data.grammar.noun_phrase import (
    POLITE,
    PRONOUNS,
    WHAT,
    WHO,
    Combination,
    Nominal,
    degree_for,
    describe,
    name,
    noun_phrase,
    person,
    place_phrase,
    possession,
)
from nmt.data.grammar.predicate import (
    PERSON,
    TAKES_OBJECT,
    draw_clause,
    draw_subject,
    draw_verb,
    governed,
    in_place,
    in_time,
    with_modal,
)

THE = ("the", "the", "der")


@dataclass(frozen=True)
class Draft:
    """A sentence pair before capitals and full stops, with the combinations of lexemes that it contains."""

    english: str
    german: str
    combinations: tuple[Combination, ...]
    mark: str = "."


def statement(clause: Clause) -> Draft:
    """Realise a plain statement."""
    return Draft(english_clause(clause), german_statement(clause), clause.combinations)


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
        return statement(clause)
    front = clause.time
    return Draft(english_clause(clause, front.english), german_statement(clause, front.german), clause.combinations)


def fronted_place(rng: Random) -> Draft:
    """A fronted place inverts verb and subject: Im Garten liest Anna das Buch."""
    clause = in_place(rng, draw_clause(rng, ("transitive", "intransitive"), time=0.2, place=0.0, frequency=0.0))
    if not clause.place:
        return statement(clause)
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


def address(rng: Random) -> tuple[str, str, Nominal]:
    """Draw whom a sentence addresses: a first name (du) or a surname (Sie)."""
    if rng.random() < 0.5:
        first = name(rng).object
        return first, first, PRONOUNS["you"]
    surname = rng.choice(lexicon().surnames)
    title, german = rng.choice((("Mr", "Herr"), ("Mrs", "Frau")))
    return f"{title} {surname}", f"{german} {surname}", POLITE


def yes_no_question(rng: Random) -> Draft:
    """The verb comes first; who is addressed decides between du and Sie."""
    if rng.random() < 0.35:
        called, german, you = address(rng)
        clause = draw_clause(rng, subject=you, time=0.3, frequency=0.05)
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
    frames = ("transitive", "separable", "dative") if wh == "where" else ("transitive", "separable", "motion", "ditransitive", "prepositional")
    tenses = ("past", "perfect", "habit") if wh in {"how often", "where"} else ("past", "future", "now")
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


def dative_preposition(rng: Random) -> Draft:
    """Mit, bei, nach, von, aus take the dative, für and ohne the accusative."""
    kind = rng.randrange(5)
    if kind == 0:
        clause = draw_clause(rng, ("motion",), time=0.4, frequency=0.0)
        vehicle, german = rng.choice((("by car", "mit dem Auto"), ("by bicycle", "mit dem Fahrrad"), ("by train", "mit dem Zug"), ("by bus", "mit dem Bus")))
        if clause.verb.lemma != "drive":
            clause = draw_clause(rng, ("motion",), verb=lexicon().verb_of["come"], time=0.4, frequency=0.0)
        clause = replace(clause, english_objects=f"{clause.english_objects} {vehicle}", german_complement=f"{german} {clause.german_complement}")
        return statement(clause)
    if kind == 1:
        clause = draw_clause(rng, ("intransitive",), time=0.3, place=0.0, frequency=0.1)
        companion = person(rng, pronouns=False)
        word, german, case = rng.choice((("with", "mit", "dat"), ("without", "ohne", "acc")))
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


def _with_phrase(clause: Clause, word: str, german: str, other: Nominal, case: morphology.Case) -> Draft:
    clause = replace(
        clause,
        english_objects=f"{clause.english_objects} {word} {other.object}".strip(),
        german_complement=governed(german, other, case),
        combinations=(*clause.combinations, (clause.verb.lemma, other.head), *other.combinations),
    )
    return statement(clause)


def _occasion(rng: Random, clause: Clause, occasion: Nominal) -> Draft:
    if occasion.head == "holidays":
        occasion = describe(next(noun for noun in lexicon().nouns if noun.english == "holidays"), "pl", THE, None)
    word, german, case = rng.choice((("after", "nach", "dat"), ("before", "vor", "dat"), ("during", "während", "gen")))
    phrase = governed(german, occasion, case)
    clause = replace(clause, time=Adverbial(f"{word} {occasion.object}", phrase), frequency=None)
    clause = replace(clause, combinations=(*clause.combinations, (clause.verb.lemma, occasion.head)))
    if rng.random() < 0.5 and clause.time:
        return Draft(english_clause(clause, clause.time.english), german_statement(clause, clause.time.german), clause.combinations)
    return statement(clause)


def duration_present(rng: Random) -> Draft:
    """What still goes on is a German present: Anna arbeitet seit drei Jahren im Krankenhaus."""
    verbs = [verb for verb in (*lexicon().verbs["intransitive"], *lexicon().verbs["prepositional"]) if verb.lemma in _LASTING]
    verb = rng.choice(verbs)
    clause = draw_clause(rng, verb=verb, time=0.0, place=0.0, frequency=0.0, tenses=("habit",))
    clause = replace(clause, tense="since", time=duration(rng))
    return statement(in_place(rng, clause) if not verb.preposition else clause)


_LASTING = {"sleep", "work", "dance", "sing", "play", "wait", "cry", "wait for", "dream of", "talk to"}


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
    clause = Clause(who, verb, english_objects=f"{english_number(amount)} years old", german_complement=f"{german_number(amount)} Jahre alt")
    return statement(replace(clause, combinations=(("years old", who.head), *who.combinations)))


def dates_and_clock(rng: Random) -> Draft:
    """Dates and clock times: am dritten Mai, um halb vier."""
    clause = draw_clause(rng, tenses=("past", "future"), time=0.0, place=0.15, frequency=0.0)
    if clause.tense == "perfect":
        clause = replace(clause, tense="future")
    clause = replace(clause, time=date(rng) if rng.random() < 0.5 else clock(rng))
    if rng.random() < 0.4 and clause.time:
        return Draft(english_clause(clause, clause.time.english), german_statement(clause, clause.time.german), clause.combinations)
    return statement(clause)


def copula(rng: Random, subject: Nominal | None = None, *, negated: bool = False, past: bool | None = None) -> Clause:
    """Draw "Anna is tired": a subject and a predicative adjective that suits it."""
    verb = lexicon().verb_of["be"]
    classes = frozenset({rng.choice(("person", "person", "goods", "food", "text", "place"))})
    subject = subject or (person(rng) if classes == PERSON else noun_phrase(rng, classes, "definite"))
    if subject.kind == "noun":
        noun = next(noun for noun in lexicon().nouns if noun.english == subject.head)
        choices = [adjective for adjective in lexicon().adjectives_of[noun] if (adjective.english, noun.english) not in subject.combinations]
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


def imperative(rng: Random) -> Draft:
    """A first name is told du, a surname Sie: Öffne das Fenster, Anna! Öffnen Sie bitte das Fenster, Herr Braun!"""
    called, german, you = address(rng)
    polite = you is POLITE
    negated = rng.random() < 0.2
    frames = ("transitive", "separable", "ditransitive", "reflexive", "motion", "dative", "prepositional")
    clause = draw_clause(rng, frames, subject=you, tenses=("habit",), time=0.0, place=0.0, frequency=0.0, negated=negated)
    if clause.verb.stative or clause.no_object:
        return imperative(rng)
    please = rng.random() < 0.5
    form = morphology.present(clause.verb, "sie") if polite else morphology.imperative(clause.verb)
    words = english_imperative(clause)
    source = f"please {words}, {called}" if please else f"{words}, {called}"
    return Draft(source, f"{german_imperative(clause, form, please, polite)}, {german}", clause.combinations, "!")


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
        clause = replace(clause, german_objects=governed("von", doer, "dat"), combinations=(*clause.combinations, (verb.lemma, doer.head), *doer.combinations))
    clause = replace(clause, english_objects=f"{verb.particle} {agent}".strip())
    if rng.random() < 0.25:
        return statement(with_modal(rng, clause))
    tense = rng.choice(("habit", "now", "past", "past"))
    return statement(in_time(rng, clause, tense, 0.4))


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


def genitive(rng: Random) -> Draft:
    """The possessor follows in the genitive: das alte Auto des Arztes, Annas neuer Mantel."""
    verb = rng.choice([verb for frame in TAKES_OBJECT for verb in lexicon().verbs[frame] if verb.objects & {"goods", "portable", "clothes", "text"}])
    owned = possession(rng, verb.objects & {"goods", "portable", "clothes", "text", "vehicle", "opens"} or verb.objects)
    subject = draw_subject(rng, verb)
    words = f"{verb.particle} {owned.object}".strip()
    combinations = ((verb.lemma, owned.head), (verb.lemma, subject.head), *owned.combinations, *subject.combinations)
    clause = Clause(subject, verb, english_objects=words, german_objects=owned.case("acc"), combinations=combinations)
    return statement(in_time(rng, clause, rng.choice(("habit", "now", "past", "perfect", "future")), 0.3))


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
