"""The checker's own account of German words: full-form tables written out or read from the lexicon's principal parts."""

import re
from dataclasses import dataclass
from typing import Any

import yaml

from nmt.shipped import shipped_folder

Reading = tuple[str, str]  # (gender m f n or p for plural, case n a d g)
LEXICON: dict[str, Any] = yaml.safe_load((shipped_folder("corpora") / "demo" / "lexicon.yaml").read_text(encoding="utf-8"))


def readings(text: str) -> set[Reading]:
    """Read a compact table: "mn fd fg" is masculine nominative, feminine dative, feminine genitive."""
    return {(cell[0], cell[1]) for cell in text.split()}


ARTICLES = {
    "der": readings("mn fd fg pg"),
    "die": readings("fn fa pn pa"),
    "das": readings("nn na"),
    "den": readings("ma pd"),
    "dem": readings("md nd"),
    "des": readings("mg ng"),
}
ENDINGS = {
    "er": readings("mn fd fg pg"),
    "e": readings("fn fa pn pa"),
    "es": readings("nn na mg ng"),
    "en": readings("ma pd"),
    "em": readings("md nd"),
}
DER_WORDS, EIN_WORDS = ("dies", "jed", "welch"), ("ein", "kein", "mein", "dein", "sein", "ihr", "unser")
CONTRACTED = {
    "im": ("in", "dem"),
    "ins": ("in", "das"),
    "am": ("an", "dem"),
    "ans": ("an", "das"),
    "zum": ("zu", "dem"),
    "zur": ("zu", "der"),
}
CONTRACTED |= {"vom": ("von", "dem"), "beim": ("bei", "dem")}
UNCONTRACTED = {f"{preposition} {article}" for preposition, article in CONTRACTED.values()}
GOVERNS = (
    dict.fromkeys(("mit", "bei", "nach", "von", "aus", "seit", "zu"), "d") | dict.fromkeys(("für", "ohne", "um"), "a") | {"während": "g"}
)
TWO_WAY = {"in", "an", "auf", "unter", "hinter", "neben", "vor", "über"}
PRONOUNS = {
    "ich": "1s n", "mich": "1s a", "mir": "1s d", "du": "2s n", "dich": "2s a", "dir": "2s d", "er": "3s n", "ihn": "3s a", "ihm": "3s d",
    "es": "3s na", "wir": "1p n", "uns": "1p ad", "ihnen": "3p d", "wer": "3s n", "wen": "3s a", "wem": "3s d", "was": "3s a",
    "ihr": "3s d", "ihr_": "3s d",
}  # fmt: skip
REFLEXIVES = {"1s": "mich", "2s": "dich", "3s": "sich", "1p": "uns", "3p": "sich"}
CONJUNCTIONS = {"weil", "obwohl", "wenn", "als", "dass", "ob", "warum", "wann", "wo"}
WH_PRONOUNS = {"wer", "wen", "wem", "was"}
WH_ADVERBS = {"warum", "wann", "wo", "wohin"}
FREQUENCIES = set(LEXICON["frequencies"].values())
NAMES = {name for names in LEXICON["names"].values() for name in names}
ONES = ["zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun"]
TEENS = ["zehn", "elf", "zwölf", "dreizehn", "vierzehn", "fünfzehn", "sechzehn", "siebzehn", "achtzehn", "neunzehn"]
TENS = ["zwanzig", "dreißig", "vierzig", "fünfzig", "sechzig", "siebzig", "achtzig", "neunzig"]
NUMERALS = {*ONES, *TEENS, *TENS, *(f"{one}und{ten}" for one in ["ein", *ONES] for ten in TENS)}
ORDINALS = {"ersten", "zweiten", "dritten", "vierten", "fünften", "sechsten", "siebten", "achten", "neunten"}
ORDINALS |= {f"{teen}ten" for teen in TEENS} | {f"{number}sten" for number in NUMERALS if number.endswith(("zwanzig", "dreißig"))}
_HOUR = "(?:ein|eins|" + "|".join([*ONES, "zehn", "elf", "zwölf"]) + ")"
_COUNT = "(?:" + "|".join([*ONES, "zehn", "elf", "zwölf"]) + ")"
TIMES = [row["de"] for row in LEXICON["times"].values()]
TIME = re.compile(
    r"(?<!\w)(?:"
    + "|".join(sorted(TIMES, key=len, reverse=True))
    + rf"|am (?:{'|'.join(LEXICON['weekdays'].values())})|am (?:{'|'.join(sorted(ORDINALS))}) (?:{'|'.join(LEXICON['months'].values())})"
    + rf"|um (?!eins Uhr){_HOUR} Uhr|um (?:halb|Viertel nach|Viertel vor) (?!ein )(?:eins|{_COUNT})"
    + rf"|(?:vor|in|seit) {_COUNT} (?:Tagen|Wochen|Monaten|Jahren|Stunden))(?!\w)"
)


def _noun_table() -> dict[str, set[Reading]]:
    table: dict[str, set[Reading]] = {}

    def add(form: str, cells: str) -> None:
        table.setdefault(form, set()).update(readings(cells))

    for row in LEXICON["nouns"].values():
        article, lemma = row["de"].split()
        gender = {"der": "m", "die": "f", "das": "n"}[article]
        plural = row.get("plural")
        if row.get("plural_only"):
            add(lemma, "pn pa pd pg")
            continue
        if row.get("weak"):
            add(lemma, "mn")
            add(plural, "ma md mg")
        elif gender == "f":
            add(lemma, "fn fa fd fg")
        else:
            add(lemma, " ".join(gender + case for case in "nad"))
            add(row.get("genitive") or lemma + "s", gender + "g")
        if plural:
            add(plural, "pn pa pg")
            add(plural if plural[-1] in "ns" else plural + "n", "pd")
    return table


def _adjective_table() -> tuple[dict[str, str], set[str], set[str]]:
    """Return stems that take endings, and the uninflected forms for predicates (positive, comparative)."""
    stems, positives, comparatives = {}, set(), set()
    for row in LEXICON["adjectives"].values():
        lemma, stem = row["de"], row.get("stem", row["de"])
        degrees = row.get("degrees") or [stem + "er", lemma + ("est" if lemma[-1] in "tdsßz" else "st")]
        for form in (stem, *degrees):
            stems[form] = lemma
        positives.add(lemma)
        comparatives.add(degrees[0])
    return stems, positives, comparatives


NOUNS = _noun_table()
# What stands for people: no clothes are told by "mich".
PEOPLE = {"mich", "dich", "ihn", "uns", "wen", "Sie"}
PLACES = {row["de"].split()[1]: row.get("at", ["in", "in"])[1] for row in LEXICON["nouns"].values() if "place" in row["is"]}
OCCASIONS = {row["de"].split()[1] for row in LEXICON["nouns"].values() if "occasion" in row["is"]}
ADJECTIVES, POSITIVES, COMPARATIVES = _adjective_table()


@dataclass(frozen=True)
class Entry:
    """A verb sense: what it needs."""

    infinitive: str
    prefix: str
    participle: str
    auxiliary: str
    cases: tuple[str, ...] = ()
    preposition: tuple[str, str] | None = None
    reflexive: bool = False
    frame: str = ""
    personal: bool = True  # whether people can be its objects


CASES_OF = {"transitive": "a", "separable": "a", "dative": "d", "ditransitive": "da", "placing": "a", "experiencer": "d", "belonging": "d"}
AUXILIARIES = {
    "sein": "bin bist ist sind",
    "war": "war warst war waren",
    "haben": "habe hast hat haben",
    "werden": "werde wirst wird werden",
    "wurde": "wurde wurdest wurde wurden",
    "können": "kann kannst kann können",
    "müssen": "muss musst muss müssen",
    "wollen": "will willst will wollen",
    "dürfen": "darf darfst darf dürfen",
    "sollte": "sollte solltest sollte sollten",
    "möchte": "möchte möchtest möchte möchten",
    "konnte": "konnte konntest konnte konnten",
    "musste": "musste musstest musste mussten",
    "wollte": "wollte wolltest wollte wollten",
    "durfte": "durfte durftest durfte durften",
}
MODALS = set(AUXILIARIES) - {"sein", "war", "haben", "werden", "wurde"}
PERSONS = ("1s", "2s", "3s", "1p", "3p")


def _verbs() -> tuple[list[Entry], dict[str, set[tuple[str, str]]]]:
    """Return all senses, and for each finite form the (infinitive, person) that it can be; person "2i" is the du-imperative."""
    entries, finite = [], {}

    def add(form: str, lemma: str, person: str) -> None:
        finite.setdefault(form, set()).add((lemma, person))

    for frame, rows in LEXICON["verbs"].items():
        for row in rows.values():
            prefix, _, lemma = row["de"].rpartition("|")
            stem = lemma[:-1] if lemma.endswith("ern") else lemma[:-2]
            hard = stem[-1] in "td" or stem[-2:] in ("fn", "gn")
            participle = row.get("participle") or prefix + "ge" + stem + ("et" if hard else "t")
            preposition = row.get("preposition")
            entries.append(
                Entry(
                    lemma,
                    prefix,
                    participle,
                    row.get("auxiliary", "haben"),
                    tuple(CASES_OF.get(frame, "")),
                    (preposition[0], preposition[1][0]) if preposition else None,
                    frame.startswith("reflexive"),
                    frame,
                    frame == "ditransitive" or not row.get("objects") or bool({"person", "kin", "trade", "young"} & set(row["objects"])),
                )
            )
            if lemma == "sein":
                continue
            du = stem + ("est" if hard else "t" if stem[-1] in "sßz" else "st")
            second, third = row.get("present") or (du, stem + ("et" if hard else "t"))
            first = stem + "e"
            if lemma == "wissen":
                first, second, third = "weiß", "weißt", "weiß"
            for form, persons in ((first, ["1s"]), (second, ["2s"]), (third, ["3s"]), (lemma, ["1p", "3p"])):
                for person in persons:
                    add(form, lemma, person)
            add(row.get("imperative") or (stem + "e" if hard or stem.endswith(("ier", "ig", "er")) else stem), lemma, "2i")
    for lemma, forms in AUXILIARIES.items():
        singular1, singular2, singular3, plural = forms.split()
        for form, person in zip((singular1, singular2, singular3, plural, plural), PERSONS, strict=True):
            add(form, f"+{lemma}", person)
    entries.append(Entry("geben", "", "gegeben", "haben", ("a",), frame="existence"))
    add("gab", "geben", "3s")
    return entries, finite


ENTRIES, FINITE = _verbs()
PARTICIPLES = {entry.participle for entry in ENTRIES}
INFINITIVES = {entry.prefix + entry.infinitive for entry in ENTRIES}
ZU_FORMS = {f"{entry.prefix}zu{entry.infinitive}": entry.prefix + entry.infinitive for entry in ENTRIES if entry.prefix}
PREFIXES = {entry.prefix for entry in ENTRIES if entry.prefix}
JOINED = {
    entry.prefix + form
    for entry in ENTRIES
    if entry.prefix
    for form, uses in FINITE.items()
    if any(use[0] == entry.infinitive for use in uses)
}
