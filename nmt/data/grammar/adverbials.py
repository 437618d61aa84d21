"""Numbers, clock times, dates and the other adverbials of time."""

from random import Random

from nmt.data.grammar.lexicon import Adverbial, lexicon

_ENGLISH = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
_GERMAN = (
    *("null", "ein", "zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun", "zehn", "elf", "zwölf"),
    *("dreizehn", "vierzehn", "fünfzehn", "sechzehn", "siebzehn", "achtzehn", "neunzehn"),
)
_ENGLISH_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_GERMAN_TENS = ("zwanzig", "dreißig", "vierzig", "fünfzig", "sechzig", "siebzig", "achtzig", "neunzig")
_ENGLISH_ORDINALS = {"one": "first", "two": "second", "three": "third", "five": "fifth"}
_ENGLISH_ORDINALS |= {"eight": "eighth", "nine": "ninth", "twelve": "twelfth"}
_GERMAN_ORDINALS = {1: "erst", 3: "dritt", 7: "siebt", 8: "acht"}


def english_number(value: int) -> str:
    """Spell 2 … 99: "twenty-one"."""
    if value < 20:
        return _ENGLISH[value]
    tens, ones = divmod(value, 10)
    return _ENGLISH_TENS[tens - 2] + (f"-{_ENGLISH[ones]}" if ones else "")


def german_number(value: int) -> str:
    """Spell 2 … 99, ones before tens: "einundzwanzig"."""
    if value < 20:
        return _GERMAN[value]
    tens, ones = divmod(value, 10)
    return (f"{_GERMAN[ones]}und" if ones else "") + _GERMAN_TENS[tens - 2]


def english_ordinal(value: int) -> str:
    """Spell 1st … 31st: "twenty-first"."""
    head, hyphen, last = english_number(value).rpartition("-")
    regular = f"{last[:-1]}ieth" if last.endswith("y") else f"{last}th"
    return head + hyphen + _ENGLISH_ORDINALS.get(last, regular)


def german_ordinal(value: int) -> str:
    """Spell 1st … 31st without ending: "einundzwanzigst"."""
    return _GERMAN_ORDINALS.get(value) or german_number(value) + ("t" if value < 20 else "st")


def time_adverbial(rng: Random, tense: str) -> Adverbial:
    """Draw an adverbial of time that suits the tense (habit, now, past or future)."""
    draw = rng.random()
    if tense in {"past", "future"} and draw < 0.15:
        return date(rng)
    if tense in {"past", "future", "habit"} and draw < 0.25:
        return clock(rng)
    if tense in {"past", "future"} and draw < 0.4:
        return weekday(rng)
    if tense in {"past", "future"} and draw < 0.5:
        return distance(rng, tense)
    return rng.choice([entry for entry in lexicon().times if tense in entry.tenses])


def date(rng: Random) -> Adverbial:
    """Draw a date: "on the third of May", "am dritten Mai"."""
    day = rng.randint(1, 30)
    month, german = rng.choice(list(lexicon().months.items()))
    if month == "February":
        day = min(day, 28)
    return Adverbial(f"on the {english_ordinal(day)} of {month}", f"am {german_ordinal(day)}en {german}")


def clock(rng: Random) -> Adverbial:
    """Draw a clock time; German counts the half hour towards the next: "at half past three", "um halb vier"."""
    hour = rng.randint(1, 12)
    name = "eins" if hour == 1 else german_number(hour)
    kind = rng.randrange(4)
    if kind == 0:
        return Adverbial(f"at {english_number(hour)} o'clock", f"um {german_number(hour)} Uhr")
    if kind == 1:
        following = hour % 12 + 1
        return Adverbial(f"at half past {english_number(hour)}", f"um halb {'eins' if following == 1 else german_number(following)}")
    if kind == 2:
        return Adverbial(f"at a quarter past {english_number(hour)}", f"um Viertel nach {name}")
    return Adverbial(f"at a quarter to {english_number(hour)}", f"um Viertel vor {name}")


def weekday(rng: Random) -> Adverbial:
    """Draw a day of the week: "on Monday", "am Montag"."""
    day, german = rng.choice(list(lexicon().weekdays.items()))
    return Adverbial(f"on {day}", f"am {german}")


# Unit: English plural, German dative plural.
UNITS = (("days", "Tagen"), ("weeks", "Wochen"), ("months", "Monaten"), ("years", "Jahren"), ("hours", "Stunden"))


def distance(rng: Random, tense: str) -> Adverbial:
    """Draw a distance in time: "three weeks ago", "vor drei Wochen" or "in three weeks", "in drei Wochen"."""
    amount = rng.randint(2, 12)
    unit, german = rng.choice(UNITS)
    if tense == "past":
        return Adverbial(f"{english_number(amount)} {unit} ago", f"vor {german_number(amount)} {german}")
    return Adverbial(f"in {english_number(amount)} {unit}", f"in {german_number(amount)} {german}")


def duration(rng: Random) -> Adverbial:
    """Draw how long something has gone on: "for three years", "seit drei Jahren"."""
    amount = rng.randint(2, 12)
    unit, german = rng.choice(UNITS)
    return Adverbial(f"for {english_number(amount)} {unit}", f"seit {german_number(amount)} {german}")
