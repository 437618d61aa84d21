"""A small independent parser for the demo corpus' German: it accepts a sentence only if somebody's role in it explains every form.

It imports nothing of the grammar. It reads the lexicon for genders, plurals and principal parts, and has its own account of German: a noun
phrase is a set of readings (gender or plural, case), its adjective ending follows from whether the determiner shows one, a clause is a
finite verb in its place, a closing part at the end, and constituents that must fill the verb's frame exactly: one subject that agrees,
its cases, its prepositions.
"""

import re
from itertools import pairwise, product

from tests.data.agreement_phrases import Constituent, Rejected, constituents, noun_phrase
from tests.data.agreement_words import (
    ARTICLES,
    CONJUNCTIONS,
    ENTRIES,
    FINITE,
    GOVERNS,
    INFINITIVES,
    JOINED,
    LEXICON,
    MODALS,
    NAMES,
    OCCASIONS,
    PARTICIPLES,
    PEOPLE,
    PLACES,
    PREFIXES,
    REFLEXIVES,
    TIME,
    TWO_WAY,
    WH_ADVERBS,
    ZU_FORMS,
    Entry,
    readings,
)


def _fill(entry: Entry, parts: list[Constituent], person: set[str] | None, passive: bool) -> str:
    """Return why the constituents do not fill the verb's frame, or "" if they do. `person` None means there is no subject."""
    wh_goal = any(part.kind == "wh" and part.text == "wohin" for part in parts)
    kinds = [part.kind for part in parts]
    if entry.frame == "copula" and "predicate" not in kinds:
        return "a copula without its predicate"
    if entry.frame != "copula" and "predicate" in kinds:
        return "a predicative adjective without a copula"
    if (entry.frame == "price") != ("measure" in kinds):
        return "a price without its verb"
    if "predicate" in kinds[:-1]:
        return "a predicate inside its clause"
    needed = () if passive else entry.cases
    reflexives = [part for part in parts if part.kind == "reflexive" or (entry.reflexive and part.text in REFLEXIVES.values())]
    if bool(reflexives) != entry.reflexive:
        return "a reflexive pronoun too many or too few"
    if entry.reflexive and person is not None:
        # The subject must then be of the reflexive's person, not only of the verb's: "er kann", but "ich kann mich".
        person = {one for one in person if REFLEXIVES[one] == reflexives[0].text}
    problem = _prepositions(entry, parts, wh_goal)
    if problem:
        return problem
    phrases = [part for part in parts if part.kind == "np" and part not in reflexives[:1]]
    roles = (["s"] if person is not None else []) + list(needed)
    return "" if _assign(entry, phrases, roles, person) else "no assignment of cases to the noun phrases fits the verb"


def _prepositions(entry: Entry, parts: list[Constituent], wh_goal: bool) -> str:
    licensed = places = 0
    for part in parts:
        if part.kind != "pp" or part.preposition not in TWO_WAY | {"um", "nach", "mit", "von", "für"}:
            continue
        cases = {case for _, case in part.readings}
        noun = part.text.split()[-1]
        if entry.preposition and part.preposition == entry.preposition[0] and entry.preposition[1] in cases:
            licensed += 1
        elif part.preposition == "für":
            if entry.infinitive != "kaufen":
                return f"{entry.infinitive} with für"
        elif part.preposition in {"um", "nach"} or (part.preposition == "vor" and noun in OCCASIONS):
            if noun not in OCCASIONS or (part.preposition == "vor" and "d" not in cases):
                return f"{part.text!r} without a verb that asks for it"
        elif part.preposition not in {"mit", "von"}:
            places += 1
            where_to = entry.frame in {"motion", "placing"}
            if ("a" if where_to else "d") not in cases:
                return f"{part.text!r} is {'where to, so accusative' if where_to else 'where, so dative'}"
            if entry.frame not in {"posture", "placing"} and part.preposition != PLACES.get(noun):
                return f"{part.text!r} is no place"
    if entry.preposition and licensed != 1:
        return f"{entry.infinitive} asks for {entry.preposition[0]}"
    if entry.frame == "motion" and wh_goal and any(part.preposition in {"in", "zu"} for part in parts):
        return "two goals"
    return f"{entry.infinitive} asks for one place" if entry.frame in {"posture", "placing"} and places != 1 else ""


def _assign(entry: Entry, phrases: list[Constituent], roles: list[str], person: set[str] | None) -> bool:
    """Whether every phrase can have one role, in the fragment's order.

    The subject precedes the objects unless one of them opens the clause or is an experiencer; a full dative precedes a full accusative;
    a genitive follows its noun.
    """
    options = []
    for index, part in enumerate(phrases):
        choice = {case for _, case in part.readings if case in "ad"}
        if any(case == "n" for _, case in part.readings) and person and _agrees(part, person):
            choice.add("s")
        if index and any(case == "g" for _, case in part.readings) and not part.pronoun and part.kind == "np":
            choice.add("g")
        options.append(sorted(choice))
    for assignment in product(*options):
        if sorted(role for role in assignment if role != "g") != sorted(roles):
            continue
        before_subject = assignment[: assignment.index("s")] if "s" in assignment else ()
        allowed = 1 if (phrases and phrases[0].opening) or entry.frame == "experiencer" else 0
        if sum(role != "g" for role in before_subject) > allowed:
            continue
        roles_of = list(zip(assignment, phrases, strict=True))
        if not entry.personal and any(role == "a" and (part.text in NAMES or part.text in PEOPLE) for role, part in roles_of):
            continue
        full = [role for role, part in zip(assignment, phrases, strict=True) if role in "ad" and not part.pronoun]
        if full in (["a", "d"],):
            continue
        return True
    return False


def _agrees(part: Constituent, person: set[str]) -> bool:
    persons = {
        one
        for one in part.persons
        if part.pronoun or any((gender == "p") == (one == "3p") and case == "n" for gender, case in part.readings)
    }
    if part.text in NAMES:
        persons = {"3s"}
    return bool(persons & person)


def _check_negation(parts: list[Constituent]) -> None:
    kinds = [part.kind for part in parts]
    if kinds.count("nicht") > 1 or ("nicht" in kinds and any(part.negative for part in parts)):
        raise Rejected("two negations")
    for first, second in pairwise(parts):
        if first.kind == second.kind == "time":
            raise Rejected("two times in a row")
        if first.kind == "nicht" and second.kind in {"np", "time", "reflexive"}:
            raise Rejected("nicht before an object or a time")
    if "nicht" in kinds and any(part.kind == "np" and part.indefinite and all(case == "a" for _, case in part.readings) for part in parts):
        raise Rejected("nicht with an indefinite object: kein")


def _senses(finite: str, closing: list[str]) -> list[tuple[Entry, str, bool]]:
    """Return the (sense, person, passive) readings of a finite verb and what closes its clause."""
    found = []
    for lemma, person in FINITE.get(finite, set()):
        if person == "2i":
            continue
        for entry in ENTRIES:
            if lemma in {"+sein", "+haben"}:
                if closing == [entry.participle] and lemma[1:] == entry.auxiliary and entry.frame != "copula":
                    found.append((entry, person, False))
            elif lemma == "+werden" and closing == [entry.prefix + entry.infinitive]:
                found.append((entry, person, False))
            elif lemma in {"+werden", "+wurde"} and closing == [entry.participle] and "a" in entry.cases:
                found.append((entry, person, True))
            elif lemma[1:] in MODALS and lemma[0] == "+":
                if closing == [entry.prefix + entry.infinitive]:
                    found.append((entry, person, False))
                elif closing == [entry.participle, "werden"] and "a" in entry.cases:
                    found.append((entry, person, True))
            elif lemma == entry.infinitive and closing == ([entry.prefix] if entry.prefix else []):
                found.append((entry, person, False))
            if lemma in {"+sein", "+war"} and entry.frame == "copula" and not closing:
                found.append((entry, person, False))
    return found


def _settle(finite: str, closing: list[str], parts: list[Constituent]) -> set[str]:
    """Find a sense of the verb that the constituents fill, and return the persons that it can be."""
    _check_negation(parts)
    if any(part.opening for part in parts[1:]):
        raise Rejected("a question word or relative pronoun inside its clause")
    senses = _senses(finite, closing)
    if not senses:
        raise Rejected(f"{finite!r} and {' '.join(closing)!r} are no verb form together")
    reasons = []
    by_sense: dict[tuple[Entry, bool], set[str]] = {}
    for entry, person, passive in senses:
        by_sense.setdefault((entry, passive), set()).add(person)
    for (entry, passive), persons in by_sense.items():
        reason = _fill(entry, parts, persons, passive)
        if not reason:
            return persons
        reasons.append(reason)
    raise Rejected(reasons[0])


def _closing(words: list[str]) -> tuple[list[str], list[str]]:
    """Split off what closes a verbal bracket at the end: a prefix, a participle, an infinitive, participle and werden."""
    if len(words) > 1 and words[-1] == "werden" and words[-2] in PARTICIPLES:
        return words[:-2], words[-2:]
    if words and (words[-1] in PARTICIPLES or words[-1] in INFINITIVES or words[-1] in PREFIXES):
        return words[:-1], words[-1:]
    return words, []


def _is_finite(word: str) -> bool:
    return word in FINITE


def verb_first(words: list[str]) -> set[str]:
    """Check a clause whose finite verb comes first."""
    finite = words[0][0].lower() + words[0][1:]
    middle, closing = _closing(words[1:])
    parts = _inner(middle)
    if any(part.opening for part in parts):
        raise Rejected("a question word must open its clause")
    return _settle(finite, closing, parts)


def verb_second(words: list[str]) -> set[str]:
    """Check a main clause: exactly one constituent, then the finite verb."""
    problem = "no finite verb in second place"
    for at in range(1, len(words)):
        if not _is_finite(words[at]):
            continue
        try:
            front = constituents(words[:at])
        except Rejected as rejected:
            problem = str(rejected)
            continue
        genitive = len(front) == 2 and all(part.kind == "np" for part in front) and any(case == "g" for _, case in front[1].readings)
        if len(front) != 1 and not genitive:
            problem = "the finite verb is not the second constituent"
            continue
        middle, closing = _closing(words[at + 1 :])
        try:
            return _settle(words[at], closing, [*front, *_inner(middle)])
        except Rejected as rejected:
            problem = str(rejected)
    raise Rejected(problem)


def _inner(middle: list[str]) -> list[Constituent]:
    """Cut a stretch that does not open the sentence: a capital there is a noun's or the polite Sie's."""
    return constituents(["§", *middle])[1:] if middle else []


def verb_final(words: list[str], extra: list[Constituent] | None = None) -> None:
    """Check a subordinate clause without its conjunction; `extra` is a relative pronoun's constituent."""
    if not words:
        raise Rejected("an empty clause")
    last, before = words[-1], words[:-1]
    options: list[tuple[str, list[str], list[str]]] = []
    if _is_finite(last):
        options.append((last, [], before))
        middle, closing = _closing(before)
        if closing and closing[0] not in PREFIXES:
            options.insert(0, (last, closing, middle))
    options += [(last[len(p) :], [p], before) for p in PREFIXES if last.startswith(p) and _is_finite(last[len(p) :]) and last in JOINED]
    problem = "the finite verb does not come last"
    for finite, closing, middle in options:
        try:
            _settle(finite, closing, [*(extra or []), *_inner(middle)])
        except Rejected as rejected:
            problem = str(rejected)
            continue
        return
    raise Rejected(problem)


def infinitive_group(words: list[str], person: set[str]) -> None:
    """Check a zu-infinitive group, with or without um; its reflexive pronoun agrees with the main clause."""
    words = words[1:] if words[0] == "um" else words
    if words[-1] in ZU_FORMS:
        form, middle = ZU_FORMS[words[-1]], words[:-1]
    elif len(words) > 1 and words[-2] == "zu" and words[-1] in INFINITIVES - set(ZU_FORMS.values()):
        form, middle = words[-1], words[:-2]
    else:
        raise Rejected("no zu-infinitive at the end")
    parts = _inner(middle)
    fitting = [entry for entry in ENTRIES if entry.prefix + entry.infinitive == form and not _fill(entry, parts, None, False)]
    reflexives = {REFLEXIVES[one] for one in person}
    if not any(not entry.reflexive or any(part.text in reflexives for part in parts) for entry in fitting):
        raise Rejected("the infinitive group does not fill its verb's frame")


RELATIVES = {**ARTICLES, "denen": readings("pd")}


def _is_infinitive_group(words: list[str]) -> bool:
    return words[-1] in ZU_FORMS or (len(words) > 1 and words[-2] == "zu")


def _relative(words: list[str], antecedent: list[str]) -> None:
    preposition = words[0] if words[0] in GOVERNS or words[0] in TWO_WAY else ""
    pronoun, rest = (words[1], words[2:]) if preposition else (words[0], words[1:])
    head = None
    for start in range(len(antecedent)):
        try:
            found = noun_phrase(antecedent, start)
        except Rejected:
            continue
        if found and found[1] == len(antecedent):
            head = found[0]
            break
    if head is None:
        raise Rejected("a relative clause without a noun before it")
    genders = {gender for gender, _ in head.readings}
    cells = {cell for cell in RELATIVES[pronoun] if cell[0] in genders and cell[1] != "g"}
    if pronoun == "den":
        cells -= readings("pd")
    if not cells:
        raise Rejected(f"relative pronoun {pronoun!r} does not agree with {head.text!r}")
    part = Constituent(
        "pp" if preposition else "np", cells, {"3p" if gender == "p" else "3s" for gender, _ in cells}, preposition, pronoun, opening=True
    )
    verb_final(rest, [part])


def problems(sentence: str) -> list[str]:
    """Return what is wrong with a German sentence of the demo corpus; an empty list accepts it."""
    # "ihr Brot" is her bread, or bread to her: where the possessive explains nothing, the pronoun may.
    readings_of_ihr = [sentence, re.sub(r"\bihr\b", "ihr_", sentence)] if re.search(r"\bihr\b", sentence) else [sentence]
    found = ""
    for reading in readings_of_ihr:
        try:
            _sentence(reading)
        except Rejected as rejected:
            found = found or str(rejected)
            continue
        return []
    return [found]


def _sentence(sentence: str) -> None:
    if not sentence or sentence[-1] not in ".?!" or not sentence[0].isupper():
        raise Rejected("a sentence begins with a capital and ends with . ? or !")
    mark = sentence[-1]
    lowered = sentence[0].lower() + sentence[1:-1]
    opening = lowered if TIME.match(lowered) else sentence[:-1]
    text = TIME.sub(lambda match: "§" + re.sub(r"\W", "_", match.group()), opening)
    segments = [segment.split() for segment in text.split(", ")]
    if any("," in word for segment in segments for word in segment):
        raise Rejected("a comma out of place")
    polite: bool | None = None
    if mark in "?!" and len(segments) > 1 and (segments[-1][0] in NAMES or segments[-1][0] in {"Herr", "Frau"}):
        called = segments.pop()
        polite = called[0] not in NAMES
        if len(called) != 1 + polite or (polite and called[1] not in LEXICON["surnames"]):
            raise Rejected("nobody's name")
    if polite and any(word.lower().startswith("dein") for segment in segments for word in segment):
        raise Rejected("dein beside Sie")
    _clauses(segments, mark, polite)


def _clauses(segments: list[list[str]], mark: str, polite: bool | None) -> None:
    first = segments[0]
    opening = first[0].lower()
    if opening in CONJUNCTIONS - {"warum", "wann", "wo"}:
        if len(segments) != 2:
            raise Rejected("a fronted clause needs one main clause after it")
        verb_final(first[1:])
        verb_first(segments[1])
        return
    main, rest = first, segments[1:]
    if (
        rest
        and (rest[0][0] in RELATIVES or (rest[0][0] in set(GOVERNS) | TWO_WAY and rest[0][1] in RELATIVES))
        and not _is_infinitive_group(rest[0])
    ):
        _relative(rest[0], first)
        main, rest = [*first, *(rest[1] if len(rest) > 1 else [])], rest[2:]
    person = _main(main, mark, polite)
    for segment in rest:
        if segment[0] == "aber":
            verb_second(segment[1:])
        elif segment[0] in CONJUNCTIONS:
            verb_final(segment[1:])
        elif _is_infinitive_group(segment):
            infinitive_group(segment, person)
        else:
            raise Rejected("a clause that nothing introduces")


def _imperative(words: list[str], polite: bool) -> set[str]:
    if polite:
        if words[1:2] != ["Sie"]:
            raise Rejected("a polite imperative without Sie")
        return verb_first(words)
    middle, closing = _closing(words[1:])
    parts = _inner(middle)
    _check_negation(parts)
    lemmas = {lemma for lemma, person in FINITE.get(words[0].lower(), set()) if person == "2i"}
    for entry in ENTRIES:
        fits = entry.infinitive in lemmas and closing == ([entry.prefix] if entry.prefix else [])
        if fits and not _fill(entry, parts, None, False) and (not entry.reflexive or any(part.text == "dich" for part in parts)):
            return {"2s"}
    raise Rejected("no imperative")


def _main(words: list[str], mark: str, polite: bool | None) -> set[str]:
    """Check the main clause and return the persons that its finite verb can be."""
    if mark == "!":
        return _imperative(words, bool(polite))
    if polite is not None and not any(word in ({"Sie", "Ihnen"} if polite else {"du"}) for word in words):
        raise Rejected("the address does not fit the pronoun")
    if "und" in words:
        at = words.index("und")
        verb_second(words[:at])
        return verb_second(words[at + 1 :])
    interrogative = words[0].lower() in WH_ADVERBS | {"wer", "wen", "wem", "was", "wie"} or words[0].lower().startswith("welch")
    if mark == "?" and not interrogative:
        return verb_first(words)
    if (mark == "?") != interrogative:
        raise Rejected("a statement with a question mark, or a question without")
    return verb_second(words)
