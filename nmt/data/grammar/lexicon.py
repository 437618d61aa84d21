"""The words of the demo corpus as typed entries, read from corpora/demo/lexicon.yaml."""

from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any, Literal

import yaml

from nmt.errors import CorpusError
from nmt.shipped import shipped_folder

Gender = Literal["m", "f", "n"]
Case = Literal["nom", "acc", "dat", "gen"]
# libyaml reads the lexicon in a tenth of the time, where PyYAML was built with it.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
GENDER_OF_ARTICLE: dict[str, Gender] = {"der": "m", "die": "f", "das": "n"}


@dataclass(frozen=True, eq=False)
class Noun:
    """A noun pair; `german` and `german_plural` are nominatives, the other cases follow by rule."""

    english: str
    english_plural: str
    german: str
    german_plural: str
    gender: Gender
    sex: Gender
    genitive: str
    weak: bool
    mass: bool
    plural_only: bool
    classes: frozenset[str]
    place_english: str
    place_german: str
    goal_german: str


@dataclass(frozen=True, eq=False)
class Adjective:
    """An adjective pair with the degrees that no rule can guess; `stem` is what German endings attach to."""

    english: str
    german: str
    stem: str
    english_degrees: tuple[str, str] | None
    german_degrees: tuple[str, str]
    gradable: bool
    classes: frozenset[str]


@dataclass(frozen=True, eq=False)
class Verb:
    """A verb pair. `frame` says what the verb takes in both languages; English particles stand after `english`, the inflected word."""

    frame: str
    english: str
    particle: str
    movable: bool
    past: str
    done: str
    ing: str
    infinitive: str
    prefix: str
    present: tuple[str, str] | None
    participle: str
    imperative: str | None
    auxiliary: Literal["haben", "sein"]
    objects: frozenset[str]
    subjects: frozenset[str]
    places: frozenset[str]
    stative: bool
    double_object: bool
    preposition: str
    preposition_case: Case

    @property
    def lemma(self) -> str:
        """The English dictionary form with its particle: the verb's name in combinations."""
        return f"{self.english} {self.particle}".strip()

    @property
    def reflexive(self) -> bool:
        """Whether German adds a reflexive pronoun that English lacks."""
        return self.frame.startswith("reflexive")


@dataclass(frozen=True)
class Adverbial:
    """A fixed adverbial pair, such as "next week" and "nächste Woche", with the tenses that it suits."""

    english: str
    german: str
    tenses: frozenset[str] = frozenset()


@dataclass(frozen=True, eq=False)
class Lexicon:
    """All entries, and the selections that the rules ask for again and again."""

    nouns: tuple[Noun, ...]
    adjectives: tuple[Adjective, ...]
    verbs: dict[str, tuple[Verb, ...]]
    names: tuple[tuple[str, Gender], ...]
    surnames: tuple[str, ...]
    times: tuple[Adverbial, ...]
    frequencies: tuple[Adverbial, ...]
    weekdays: dict[str, str]
    months: dict[str, str]
    _nouns_of: dict[frozenset[str], tuple[Noun, ...]] = field(default_factory=dict)

    def nouns_of(self, classes: frozenset[str]) -> tuple[Noun, ...]:
        """Return the nouns that belong to at least one of the classes."""
        if classes not in self._nouns_of:
            self._nouns_of[classes] = tuple(noun for noun in self.nouns if noun.classes & classes)
        return self._nouns_of[classes]

    @cached_property
    def adjectives_of(self) -> dict[Noun, tuple[Adjective, ...]]:
        """The adjectives that can describe each noun."""
        return {noun: tuple(entry for entry in self.adjectives if entry.classes & noun.classes) for noun in self.nouns}

    @cached_property
    def verb_of(self) -> dict[str, Verb]:
        """The verbs by their English lemma."""
        return {verb.lemma: verb for verbs in self.verbs.values() for verb in verbs}


def _noun(english: str, row: dict[str, Any]) -> Noun:
    article, german = row["de"].split(" ")
    gender = GENDER_OF_ARTICLE[article]
    plural = row.get("plural", german)
    english_preposition, german_preposition = row.get("at", ["in", "in"])
    weak = row.get("weak", False)
    genitive = row.get("genitive") or (german if gender == "f" else plural if weak else german + "s")
    return Noun(
        english=english,
        english_plural=row.get("english_plural") or (english if row.get("plural_only") else plural_of(english)),
        german=german,
        german_plural=plural,
        gender=gender,
        sex=row.get("sex", gender),
        genitive=genitive,
        weak=weak,
        mass=row.get("mass", False),
        plural_only=row.get("plural_only", False),
        classes=frozenset(row["is"]),
        place_english=english_preposition,
        place_german=german_preposition,
        goal_german=row.get("to", "zu"),
    )


def plural_of(english: str) -> str:
    """Return the regular English plural; it is also the regular third person singular of a verb."""
    if english.endswith(("s", "sh", "ch", "x", "z", "o")) and english not in {"radio"}:
        return english + "es"
    if english.endswith("y") and english[-2] not in "aeiou":
        return english[:-1] + "ies"
    return english + "s"


def _adjective(english: str, row: dict[str, Any]) -> Adjective:
    german = row["de"]
    superlative = german + ("est" if german.endswith(("t", "d", "s", "ß", "z", "eu")) else "st")
    degrees = row.get("degrees") or (row.get("stem", german) + "er", superlative)
    english_degrees = row.get("english")
    return Adjective(
        english=english,
        german=german,
        stem=row.get("stem", german),
        english_degrees=(english_degrees[0], english_degrees[1]) if english_degrees else None,
        german_degrees=(degrees[0], degrees[1]),
        gradable=row.get("gradable", True),
        classes=frozenset(row["for"]),
    )


def _verb(frame: str, lemma: str, row: dict[str, Any]) -> Verb:
    english, _, particle = lemma.partition(" ")
    prefix, _, infinitive = row["de"].rpartition("|")
    if english.endswith("e"):
        past, ing = english + "d", english + "ing" if english.endswith("ee") else english[:-1] + "ing"
    else:
        past = english[:-1] + "ied" if english.endswith("y") and english[-2] not in "aeiou" else english + "ed"
        ing = english + "ing"
    preposition, case = row.get("preposition", ["", "acc"])
    stem = infinitive.removesuffix("n").removesuffix("e")
    present = row.get("present")
    return Verb(
        frame=frame,
        english=english,
        particle=particle,
        movable=row.get("movable", False),
        past=row.get("past", past),
        done=row.get("done", row.get("past", past)),
        ing=row.get("ing", ing),
        infinitive=infinitive,
        prefix=prefix,
        present=(present[0], present[1]) if present else None,
        participle=row.get("participle") or f"{prefix}ge{stem}{'et' if stem.endswith(('t', 'd', 'ffn', 'gn')) else 't'}",
        imperative=row.get("imperative"),
        auxiliary=row.get("auxiliary", "haben"),
        objects=frozenset(row.get("objects", [])),
        subjects=frozenset(row.get("subjects", ["person"])),
        places=frozenset(row.get("places", ["place"])),
        stative=row.get("stative", False),
        double_object=row.get("double_object", True),
        preposition=preposition,
        preposition_case=case,
    )


@lru_cache(maxsize=1)
def lexicon() -> Lexicon:
    """Read the shipped lexicon once.

    Raises:
        CorpusError: The file is missing or an entry lacks a field.
    """
    path = shipped_folder("corpora") / "demo" / "lexicon.yaml"
    try:
        data: dict[str, Any] = yaml.load(path.read_text(encoding="utf-8"), Loader=_LOADER)
        return Lexicon(
            nouns=tuple(_noun(english, row) for english, row in data["nouns"].items()),
            adjectives=tuple(_adjective(english, row) for english, row in data["adjectives"].items()),
            verbs={frame: tuple(_verb(frame, lemma, row) for lemma, row in rows.items()) for frame, rows in data["verbs"].items()},
            names=tuple((name, sex) for sex, names in data["names"].items() for name in names),
            surnames=tuple(data["surnames"]),
            times=tuple(Adverbial(english, row["de"], frozenset(row["for"])) for english, row in data["times"].items()),
            frequencies=tuple(Adverbial(english, german) for english, german in data["frequencies"].items()),
            weekdays=data["weekdays"],
            months=data["months"],
        )
    except (OSError, yaml.YAMLError, KeyError, TypeError, ValueError) as error:
        raise CorpusError(f"{path}: cannot read the demo lexicon ({error}); reinstall the package") from error
