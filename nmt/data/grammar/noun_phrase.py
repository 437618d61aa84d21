"""Noun phrases in both languages at once: pronouns, names, determiners with adjectives, possession."""

from dataclasses import dataclass, replace
from random import Random
from typing import Literal

from nmt.data.grammar import english
from nmt.data.grammar.lexicon import Adjective, Case, Gender, Noun, lexicon
from nmt.data.grammar.morphology import CASES, Number, Person, adjective_form, contract, determiner, noun_form

Combination = tuple[str, str]
"""Two lexemes joined by a dependency, head first: (verb, noun), (adjective, noun), (preposition's verb, noun) …"""
Definiteness = Literal["definite", "indefinite"]


@dataclass(frozen=True, eq=False)
class Nominal:
    """A phrase that can be subject or object: its English forms, its German in four cases, and what agrees with it."""

    subject: str
    object: str
    german: tuple[str, str, str, str]
    person: Person
    agreement: str
    kind: Literal["pronoun", "name", "noun"]
    head: str = ""
    gender: Gender = "m"
    combinations: tuple[Combination, ...] = ()

    def case(self, case: Case) -> str:
        """Return the German phrase in a case."""
        return self.german[CASES.index(case)]

    @property
    def plural(self) -> bool:
        """Whether the phrase is plural."""
        return self.person in {"wir", "sie"}

    def extended(self, english_suffix: str, german_suffix: str, combinations: tuple[Combination, ...]) -> "Nominal":
        """Return the phrase with something after it, such as a relative clause."""
        german = tuple(f"{form}{german_suffix}" for form in self.german)
        return replace(
            self,
            subject=self.subject + english_suffix,
            object=self.object + english_suffix,
            german=(german[0], german[1], german[2], german[3]),
            combinations=self.combinations + combinations,
        )


def pronoun(subject: str, object_: str, german: str, person: Person, agreement: str) -> Nominal:
    """Build a pronoun from its English subject and object forms and its German nominative, accusative and dative."""
    nominative, accusative, dative = german.split(" ")
    return Nominal(subject, object_, (nominative, accusative, dative, ""), person, agreement, "pronoun")


PRONOUNS = {
    "I": pronoun("I", "me", "ich mich mir", "ich", "I"),
    "you": pronoun("you", "you", "du dich dir", "du", "you"),
    "he": pronoun("he", "him", "er ihn ihm", "er", "he"),
    "she": pronoun("she", "her", "sie sie ihr", "er", "she"),
    "we": pronoun("we", "us", "wir uns uns", "wir", "we"),
    "they": pronoun("they", "them", "sie sie ihnen", "sie", "they"),
}
POLITE = pronoun("you", "you", "Sie Sie Ihnen", "sie", "you")
IT: dict[Gender, Nominal] = {
    "m": pronoun("it", "it", "er ihn ihm", "er", "it"),
    "f": pronoun("it", "it", "sie sie ihr", "er", "it"),
    "n": pronoun("it", "it", "es es ihm", "er", "it"),
}
WHO = pronoun("who", "who", "wer wen wem", "er", "he")
WHAT = pronoun("what", "what", "was was was", "er", "it")
REFLEXIVE: dict[Person, str] = {"ich": "mich", "du": "dich", "er": "sich", "wir": "uns", "sie": "sich"}

# English determiner (singular, plural) and the German word that it stands for.
_DEFINITE = [("the", "the", "der")] * 5 + [("this", "these", "dies")] * 2
_POSSESSIVE = [
    ("my", "my", "mein"), ("your", "your", "dein"), ("his", "his", "sein"),
    ("her", "her", "ihr"), ("our", "our", "unser"), ("their", "their", "ihr"),
]  # fmt: skip
_UNOWNED = {"definite": _DEFINITE, "indefinite": [("a", "", "ein")]}
_DETERMINERS = {"definite": _DEFINITE + _POSSESSIVE, "indefinite": [("a", "", "ein")]}


def pronoun_for(nominal: Nominal) -> Nominal:
    """Return the personal pronoun that takes up a subject; "it" follows the German gender of its noun."""
    if nominal.kind == "pronoun":
        return nominal
    if nominal.plural:
        return PRONOUNS["they"]
    return IT[nominal.gender] if nominal.agreement == "it" else PRONOUNS[nominal.agreement]


def name(rng: Random) -> Nominal:
    """Draw a first name, which is the same in both languages."""
    word, sex = rng.choice(lexicon().names)
    return Nominal(word, word, (word, word, word, word), "er", "she" if sex == "f" else "he", "name", gender=sex)


def describe(
    noun: Noun,
    number: Number,
    determiners: tuple[str, str, str],
    modifier: tuple[str, str, str] | None,
    german_determiner: str | None = None,
) -> Nominal:
    """Build a noun phrase.

    Args:
        noun: The head.
        number: Singular or plural in both languages.
        determiners: English singular and plural determiner, and the German word as `morphology.determiner` takes it.
        modifier: English word, German stem for the ending, and the adjective's name in combinations.
        german_determiner: A German determiner that stays uninflected (a numeral, a possessor's name); adjectives are then strong.
    """
    plural = number == "pl"
    core = f"{modifier[0]} " if modifier else ""
    core += noun.english_plural if plural else noun.english
    first = determiners[1] if plural else determiners[0]
    phrase = f"{english.article(core) if first == 'a' else first} {core}".strip()
    word = determiners[2] if not (plural and determiners[2] == "ein") else ""

    def german(case: Case) -> str:
        parts = [german_determiner or determiner(word, noun.gender, number, case)]
        if modifier:
            parts.append(adjective_form(modifier[1], word, noun.gender, number, case))
        parts.append(noun_form(noun, number, case))
        return " ".join(part for part in parts if part)

    animate = "person" in noun.classes
    agreement = "they" if plural else ("she" if noun.sex == "f" else "he") if animate else "it"
    return Nominal(
        phrase,
        phrase,
        (german("nom"), german("acc"), german("dat"), german("gen")),
        "sie" if plural else "er",
        agreement,
        "noun",
        noun.english,
        noun.gender,
        ((modifier[2], noun.english),) if modifier else (),
    )


def modifier_for(rng: Random, noun: Noun, probability: float) -> tuple[str, str, str] | None:
    """Draw an adjective that suits the noun, as `describe` takes it; sometimes none."""
    choices = lexicon().adjectives_of[noun]
    if not choices or rng.random() >= probability:
        return None
    adjective = rng.choice(choices)
    return adjective.english, adjective.stem, adjective.english


def degree_for(rng: Random, noun: Noun, superlative: bool) -> tuple[str, str, str] | None:
    """Draw a comparative or superlative modifier: "older"/"älter-", "oldest"/"ältest-"; none where no adjective suits."""
    choices: list[Adjective] = [adjective for adjective in lexicon().adjectives_of[noun] if adjective.gradable]
    if not choices:
        return None
    adjective = rng.choice(choices)
    word = english.superlative(adjective) if superlative else english.comparative(adjective)
    return word, adjective.german_degrees[superlative], adjective.english


def number_of(rng: Random, noun: Noun) -> Number:
    """Draw a grammatical number: plural one time in four where the noun allows it."""
    return "pl" if noun.plural_only or (not noun.mass and rng.random() < 0.25) else "sg"


def noun_phrase(
    rng: Random, classes: frozenset[str], definiteness: Definiteness, *, adjective: float = 0.35, number: Number | None = None
) -> Nominal:
    """Draw a noun of the classes with a determiner and perhaps an adjective; mass nouns stand bare when indefinite."""
    noun = rng.choice(lexicon().nouns_of(classes))
    determiners = rng.choice(_DETERMINERS[definiteness] if can_be_owned(noun) else _UNOWNED[definiteness])
    if (noun.mass or noun.plural_only) and definiteness == "indefinite":
        determiners = ("", "", "") if noun.classes & {"food", "drink"} else ("the", "the", "der")
    return describe(noun, noun_number(rng, noun, number), determiners, modifier_for(rng, noun, adjective))


def can_be_owned(noun: Noun) -> bool:
    """Whether "my" goes well with a noun: a brother, a dog or a kitchen, but not a policeman or a forest."""
    return bool(noun.classes & {"kin", "home", "room"}) or not noun.classes & {"person", "place"}


def noun_number(rng: Random, noun: Noun, number: Number | None) -> Number:
    """Return the wished number where the noun has it, else a drawn one."""
    return number_of(rng, noun) if number is None or noun.mass or noun.plural_only else number


def no_phrase(rng: Random, classes: frozenset[str]) -> Nominal:
    """Draw the object of a negated clause: "not … a red coat" and "keinen roten Mantel"."""
    noun = rng.choice(lexicon().nouns_of(classes))
    number = number_of(rng, noun)
    modifier = modifier_for(rng, noun, 0.35)
    return describe(noun, number, ("" if noun.mass else "a", "", "kein"), modifier)


def person(rng: Random, *, pronouns: bool = True, names: bool = True, classes: frozenset[str] = frozenset({"person"})) -> Nominal:
    """Draw someone who acts or is acted on: a pronoun, a name or a noun phrase."""
    draw = rng.random()
    if pronouns and draw < 0.3:
        return PRONOUNS[rng.choice(("I", "you", "he", "she", "we", "they"))]
    if names and draw < 0.5:
        return name(rng)
    if rng.random() < 0.85:
        return noun_phrase(rng, classes, "definite", adjective=0.3)
    return noun_phrase(rng, classes, "indefinite", adjective=0.3, number="sg")


def possession(rng: Random, classes: frozenset[str]) -> Nominal:
    """Draw a possessed noun: "the doctor's old car"/"das alte Auto des Arztes", "Anna's old car"/"Annas altes Auto"."""
    noun = rng.choice(lexicon().nouns_of(classes))
    modifier = modifier_for(rng, noun, 0.35)
    number = number_of(rng, noun)
    if rng.random() < 0.35:
        # Names that end in a sibilant would need an apostrophe in German.
        owner = rng.choice([word for word, _ in lexicon().names if not word.endswith(("s", "x"))])
        return describe(noun, number, (f"{owner}'s", f"{owner}'s", ""), modifier, f"{owner}s")
    owner_noun = rng.choice(lexicon().nouns_of(frozenset({"person"})))
    owner_determiners = [("the", "the", "der"), *_POSSESSIVE] if can_be_owned(owner_noun) else _DEFINITE
    phrase = describe(owner_noun, "sg", rng.choice(owner_determiners), modifier_for(rng, owner_noun, 0.25))
    possessive = f"{phrase.subject}'s"
    possessed = describe(noun, number, (possessive, possessive, "der"), modifier)
    return possessed.extended("", f" {phrase.case('gen')}", ((noun.english, owner_noun.english), *phrase.combinations))


def place_phrase(rng: Random, classes: frozenset[str] = frozenset({"place"})) -> tuple[str, str, str, tuple[Combination, ...]]:
    """Draw a place to be at: English, German, head noun and combinations ("in the old park", "im alten Park")."""
    noun = rng.choice(lexicon().nouns_of(classes))
    phrase = describe(
        noun, "sg", rng.choice((("the", "the", "der"), ("the", "the", "der"), ("a", "", "ein"))), modifier_for(rng, noun, 0.25)
    )
    return (
        f"{noun.place_english} {phrase.object}",
        contract(noun.place_german, phrase.case("dat")),
        noun.english,
        phrase.combinations,
    )


def goal_phrase(rng: Random, classes: frozenset[str] = frozenset({"place"})) -> tuple[str, str, str, tuple[Combination, ...]]:
    """Draw a place to go to: "to the cinema"/"ins Kino" (accusative) or "to the station"/"zum Bahnhof" (dative)."""
    noun = rng.choice(lexicon().nouns_of(classes))
    phrase = describe(noun, "sg", ("the", "the", "der"), modifier_for(rng, noun, 0.25))
    german = contract(noun.goal_german, phrase.case("acc" if noun.goal_german == "in" else "dat"))
    return f"to {phrase.object}", german, noun.english, phrase.combinations
