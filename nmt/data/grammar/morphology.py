"""German inflection: articles, adjective endings, noun cases, and the forms of verbs."""

from functools import cache
from typing import Literal

from nmt.data.grammar.lexicon import Adjective, Case, Gender, Noun, Verb

Number = Literal["sg", "pl"]
Person = Literal["ich", "du", "er", "wir", "sie"]
"""The five persons of the fragment; "er" is any third singular, "sie" any third plural and the polite address."""

CASES: tuple[Case, ...] = ("nom", "acc", "dat", "gen")
# One row per gender (p = plural of all genders), one column per case in the order of CASES.
_DEFINITE = {"m": "der den dem des", "f": "die die der der", "n": "das das dem des", "p": "die die den der"}
_STRONG = {"m": "er en em en", "f": "e e er er", "n": "es es em en", "p": "e e en er"}
_WEAK = {"m": "e en en en", "f": "e e en en", "n": "e e en en", "p": "en en en en"}
_MIXED = {"m": "er en en en", "f": "e e en en", "n": "es es en en", "p": "en en en en"}
_DER_WORD = {"m": "er en em es", "f": "e e er er", "n": "es es em es", "p": "e e en er"}
_EIN_WORD = {"m": "- en em es", "f": "e e er er", "n": "- - em es", "p": "e e en er"}

CONTRACTIONS = {
    "in dem": "im",
    "in das": "ins",
    "an dem": "am",
    "an das": "ans",
    "zu dem": "zum",
    "zu der": "zur",
    "von dem": "vom",
    "bei dem": "beim",
}


def _cell(table: dict[str, str], gender: Gender, number: Number, case: Case) -> str:
    return table["p" if number == "pl" else gender].split(" ")[CASES.index(case)].strip("-")


@cache
def determiner(word: str, gender: Gender, number: Number, case: Case) -> str:
    """Inflect a determiner: "der", a der-word stem ("dies", "jed", "welch"), an ein-word ("ein", "kein", "mein" …) or none ("")."""
    if word == "der":
        return _cell(_DEFINITE, gender, number, case)
    if word in {"dies", "jed", "welch"}:
        return word + _cell(_DER_WORD, gender, number, case)
    return word and word + _cell(_EIN_WORD, gender, number, case)


@cache
def adjective_form(stem: str, word: str, gender: Gender, number: Number, case: Case) -> str:
    """Add the ending that fits the determiner before it: weak after der-words, mixed after ein-words, strong without one."""
    table = _WEAK if word in {"der", "dies", "jed", "welch"} else _MIXED if word else _STRONG
    return stem + _cell(table, gender, number, case)


@cache
def noun_form(noun: Noun, number: Number, case: Case) -> str:
    """Decline a noun: dative plural -n, the n-declension, the genitive."""
    if number == "pl":
        plural = noun.german_plural
        return plural if case != "dat" or plural.endswith(("n", "s")) else plural + "n"
    if case == "nom":
        return noun.german
    if case == "gen":
        return noun.genitive
    return noun.german_plural if noun.weak else noun.german


def contract(preposition: str, phrase: str) -> str:
    """Join a preposition and its phrase: in + dem Garten = im Garten."""
    article, _, rest = phrase.partition(" ")
    joined = CONTRACTIONS.get(f"{preposition} {article}")
    return f"{joined} {rest}" if joined and rest else f"{preposition} {phrase}"


def comparative(adjective: Adjective) -> str:
    """Return the predicative comparative."""
    return adjective.german_degrees[0]


IRREGULAR: dict[str, tuple[str, str, str, str, str]] = {
    "sein": ("bin", "bist", "ist", "sind", "sind"),
    "haben": ("habe", "hast", "hat", "haben", "haben"),
    "werden": ("werde", "wirst", "wird", "werden", "werden"),
    "war": ("war", "warst", "war", "waren", "waren"),
    "wurde": ("wurde", "wurdest", "wurde", "wurden", "wurden"),
    "wissen": ("weiß", "weißt", "weiß", "wissen", "wissen"),
    "können": ("kann", "kannst", "kann", "können", "können"),
    "müssen": ("muss", "musst", "muss", "müssen", "müssen"),
    "wollen": ("will", "willst", "will", "wollen", "wollen"),
    "dürfen": ("darf", "darfst", "darf", "dürfen", "dürfen"),
    "sollte": ("sollte", "solltest", "sollte", "sollten", "sollten"),
    "möchte": ("möchte", "möchtest", "möchte", "möchten", "möchten"),
    "konnte": ("konnte", "konntest", "konnte", "konnten", "konnten"),
    "musste": ("musste", "musstest", "musste", "mussten", "mussten"),
    "wollte": ("wollte", "wolltest", "wollte", "wollten", "wollten"),
    "durfte": ("durfte", "durftest", "durfte", "durften", "durften"),
}
_PERSONS: tuple[Person, ...] = ("ich", "du", "er", "wir", "sie")


def irregular(word: str, person: Person) -> str:
    """Return a form of an auxiliary, a modal or one of their fixed past tenses."""
    return IRREGULAR[word][_PERSONS.index(person)]


def verb_stem(verb: Verb) -> str:
    """Return the infinitive without -en or -n."""
    return verb.infinitive[:-1] if verb.infinitive.endswith(("ern", "eln")) else verb.infinitive[:-2]


def needs_e(stem: str) -> bool:
    """Whether a stem cannot take -st or -t directly: wart-e-t, öffn-e-t."""
    return stem.endswith(("t", "d", "ffn", "gn"))


def present(verb: Verb, person: Person) -> str:
    """Conjugate in the present tense, without a separable prefix."""
    if verb.infinitive in IRREGULAR:
        return irregular(verb.infinitive, person)
    stem = verb_stem(verb)
    linking = "e" if needs_e(stem) else ""
    sibilant = stem.endswith(("s", "ß", "z"))
    second, third = verb.present or (stem + linking + ("t" if sibilant else "st"), f"{stem}{linking}t")
    return {"ich": stem + "e", "du": second, "er": third, "wir": verb.infinitive, "sie": verb.infinitive}[person]


def imperative(verb: Verb) -> str:
    """Return the du-imperative: e→i verbs take no ending, stems that need an e keep it, others go bare."""
    if verb.imperative:
        return verb.imperative
    stem = verb_stem(verb)
    return stem + "e" if needs_e(stem) or stem.endswith(("ier", "ig", "ern", "er")) else stem


def to_infinitive(verb: Verb) -> str:
    """Return the infinitive with zu, which stands between a separable prefix and its verb: anzurufen."""
    return f"{verb.prefix}zu{verb.infinitive}" if verb.prefix else f"zu {verb.infinitive}"
