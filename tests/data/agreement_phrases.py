"""The checker's noun phrases and other constituents: what a stretch of words can be, as sets of readings."""

from dataclasses import dataclass, field

from tests.data.agreement_words import (
    ADJECTIVES,
    ARTICLES,
    COMPARATIVES,
    CONTRACTED,
    DER_WORDS,
    EIN_WORDS,
    ENDINGS,
    FREQUENCIES,
    GOVERNS,
    LEXICON,
    NAMES,
    NOUNS,
    NUMERALS,
    POSITIVES,
    PRONOUNS,
    TWO_WAY,
    UNCONTRACTED,
    WH_ADVERBS,
    WH_PRONOUNS,
    Reading,
    readings,
)


class Rejected(Exception):
    """Why a sentence is not German."""


@dataclass
class Constituent:
    """A part of a clause: np, pp, time, adverb, reflexive, predicate, nicht or wh; what it may be, and where it stands."""

    kind: str
    readings: set[Reading] = field(default_factory=set)
    persons: set[str] = field(default_factory=set)
    preposition: str = ""
    text: str = ""
    pronoun: bool = False
    negative: bool = False
    indefinite: bool = False
    opening: bool = False  # a wh phrase or a relative pronoun: it opens its clause whatever its case


def _determiner(word: str) -> tuple[set[Reading], bool] | None:
    """Return what a determiner can be, and whether it shows an ending; None for another word."""
    if word in ARTICLES:
        return ARTICLES[word], True
    for stem in (*DER_WORDS, *EIN_WORDS):
        if word.startswith(stem) and word[len(stem) :] in ENDINGS:
            cells = ENDINGS[word[len(stem) :]]
            if stem == "ein":
                cells = {cell for cell in cells if cell[0] != "p"}
            if stem in DER_WORDS or word[len(stem) :] != "es":
                return cells, True
            return readings("mg ng") if stem in EIN_WORDS else cells, True
        if word == stem and stem in EIN_WORDS:
            return readings("mn nn na"), False
    return None


def _adjective_ending(word: str) -> str | None:
    for ending in ("em", "en", "er", "es", "e"):
        if word.endswith(ending) and word[: -len(ending)] in ADJECTIVES:
            return ending
    return None


def _ending_fits(ending: str, reading: Reading, shown: bool) -> bool:
    """The determiner shows gender and case or the adjective must; after one that does, -e in five cells and -en elsewhere."""
    gender, case = reading
    if shown:
        return ending == ("e" if reading in readings("mn fn nn fa na") else "en")
    if case == "g" and gender in "mn":
        return ending == "en"
    return reading in ENDINGS[ending]


def noun_phrase(words: list[str], start: int) -> tuple[Constituent, int] | None:
    """Parse a noun phrase at `start`: return it and where it ends, or None where there is none."""
    word = words[start]
    lower = word.lower() if start == 0 else word
    if lower in {"sie", "Sie"}:
        persons = {"3p"} if word == "Sie" and start > 0 else {"3s", "3p"}
        return Constituent("np", readings("fn fa pn pa"), persons, text=word, pronoun=True), start + 1
    follows_noun = start + 1 < len(words) and (words[start + 1] in NOUNS or _adjective_ending(words[start + 1]) is not None)
    if lower in PRONOUNS and not (lower == "ihr" and follows_noun):
        person, cases = PRONOUNS[lower].split()
        gender = "p" if person.endswith("p") else "x"
        return Constituent(
            "np", {(gender, case) for case in cases}, {person}, text=word, pronoun=True, opening=lower in WH_PRONOUNS
        ), start + 1
    if word in NAMES and not (start + 1 < len(words) and words[start] in {"Herr", "Frau"}):
        return Constituent("np", {("x", case) for case in "nad"}, {"3s"}, text=word), start + 1
    at, shown, cells = start, False, readings(" ".join(g + c for g in "mfnp" for c in "nadg"))
    bare = True
    found = _determiner(lower)
    counted = False
    if found:
        cells, shown = found
        at, bare = at + 1, False
    elif lower in NUMERALS or (lower == "wie" and words[start + 1 : start + 2] == ["viele"]):
        at, bare, counted = at + (2 if lower == "wie" else 1), False, True
        cells = {cell for cell in cells if cell[0] == "p"}
    elif word.endswith("s") and word[:-1] in NAMES:
        at, bare = at + 1, False
    ending = None
    if at < len(words):
        candidate = words[at].lower() if at == 0 else words[at]
        ending = _adjective_ending(candidate)
        if ending is not None:
            at += 1
    if at >= len(words) or words[at] not in NOUNS:
        if found and lower not in {"die", "der", "das", "den", "dem"}:
            raise Rejected(f"no noun after {word!r}")
        return None
    fits = cells & NOUNS[words[at]]
    if ending is not None:
        fits = {reading for reading in fits if _ending_fits(ending, reading, shown)}
    if bare and not counted:
        # Without a determiner stand plurals, substances, and never a genitive.
        mass = {row["de"].split()[1] for row in LEXICON["nouns"].values() if row.get("mass")}
        fits = {reading for reading in fits if reading[1] != "g" and (reading[0] == "p" or words[at] in mass)}
    phrase = " ".join(words[start : at + 1])
    if not fits and lower == "ihr":
        return Constituent("np", readings("xd"), {"3s"}, text=word, pronoun=True), start + 1
    if not fits:
        raise Rejected(f"no gender, number and case fit {phrase!r}")
    negative = lower.startswith("kein")
    persons = {"3p" if reading[0] == "p" else "3s" for reading in fits}
    opening = lower.startswith("welch") or lower == "wie"
    return Constituent("np", fits, persons, text=phrase, negative=negative, indefinite=lower.startswith("ein"), opening=opening), at + 1


def constituents(words: list[str]) -> list[Constituent]:
    """Cut a verbless stretch of a clause into constituents."""
    parts: list[Constituent] = []
    at = 0
    while at < len(words):
        word = words[at]
        lower = word.lower() if at == 0 else word
        following = words[at + 1] if at + 1 < len(words) else ""
        if lower.startswith("§"):
            parts.append(Constituent("time", text=word))
            at += 1
        elif lower == "nicht":
            parts.append(Constituent("nicht"))
            at += 1
        elif lower in FREQUENCIES or lower == "bitte" or lower in WH_ADVERBS or (lower == "wie" and following == "oft"):
            wh = lower == "wie" or lower in WH_ADVERBS
            parts.append(Constituent("wh" if wh else "adverb", text=lower, opening=wh))
            at += 2 if lower == "wie" else 1
        elif lower == "sich":
            parts.append(Constituent("reflexive", text=lower))
            at += 1
        elif lower in NUMERALS and following in {"Euro", "Jahre"}:
            if following == "Jahre" and words[at + 2 : at + 3] != ["alt"]:
                raise Rejected("Jahre without alt")
            parts.append(Constituent("measure" if following == "Euro" else "predicate", text=following))
            at += 2 if following == "Euro" else 3
        elif lower in COMPARATIVES and following == "als":
            at = _comparand(words, at + 2, parts)
        elif lower == "so" and following in POSITIVES and words[at + 2 : at + 3] == ["wie"]:
            at = _comparand(words, at + 3, parts)
        elif lower in CONTRACTED or lower in GOVERNS or lower in TWO_WAY:
            at = _prepositional(words, at, parts)
        else:
            found = noun_phrase(words, at)
            if found:
                part, at = found
                parts.append(part)
            elif lower in POSITIVES:
                parts.append(Constituent("predicate", text=lower))
                at += 1
            else:
                raise Rejected(f"{word!r} has no place in the clause")
    return parts


def _comparand(words: list[str], at: int, parts: list[Constituent]) -> int:
    found = noun_phrase(words, at) if at < len(words) else None
    if not found or not any(case == "n" for _, case in found[0].readings):
        raise Rejected("what is compared with is not a nominative")
    parts.append(Constituent("predicate", text="comparison"))
    return found[1]


def _prepositional(words: list[str], at: int, parts: list[Constituent]) -> int:
    lower = words[at].lower() if at == 0 else words[at]
    preposition = lower
    rest = words[at + 1 :]
    if lower in CONTRACTED:
        preposition, article = CONTRACTED[lower]
        rest = [article, *rest]
    elif rest and f"{lower} {rest[0]}" in UNCONTRACTED:
        raise Rejected(f"{lower} {rest[0]} is not contracted")
    if not rest:
        raise Rejected(f"nothing after {lower!r}")
    # A space before the first word keeps it from being read as the start of the sentence.
    found = noun_phrase(["", *rest], 1)
    if not found:
        raise Rejected(f"no noun phrase after {lower!r}")
    part, end = found
    case = GOVERNS.get(preposition)
    if case and not any(reading[1] == case for reading in part.readings):
        raise Rejected(f"{part.text!r} is not the case that {preposition!r} governs")
    parts.append(Constituent("pp", part.readings, preposition=preposition, text=f"{preposition} {part.text}"))
    return at + end - (1 if lower in CONTRACTED else 0)
