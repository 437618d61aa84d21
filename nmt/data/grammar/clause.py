"""One clause, realised in every order that the two languages give it.

German keeps a verbal bracket: the finite verb stands second (statements), first (questions) or last (subordinate clauses), and what is
left of the verb (prefix, participle, infinitive) closes the clause. Between them lies the middle field, always in the same order here:

    subject · reflexive and object pronouns · time · dative · definite accusative · nicht · place · indefinite accusative · complement
"""

from dataclasses import dataclass
from typing import Literal

from nmt.data.grammar import english
from nmt.data.grammar.lexicon import Adverbial, Verb
from nmt.data.grammar.morphology import irregular, present, to_infinitive
from nmt.data.grammar.noun_phrase import REFLEXIVE, Combination, Nominal

Tense = Literal["habit", "now", "past", "perfect", "future", "since"]
"""English simple present, progressive, simple past, present perfect, will-future, and the perfect of duration that is a German present."""


@dataclass(frozen=True)
class Modal:
    """A modal: an English auxiliary or a verb that needs one, and the German modal."""

    auxiliary: str
    rest: str
    german: str
    past: bool = False

    @property
    def suits_things(self) -> bool:
        """Whether a thing can be its subject: a lamp wants nothing and is not allowed to."""
        return self.auxiliary in {"can", "could", "should"} or (self.auxiliary, self.rest) == ("have", "to")


MODALS = (
    Modal("can", "", "können"),
    Modal("should", "", "sollte"),
    Modal("would", "like to", "möchte"),
    Modal("have", "to", "müssen"),
    Modal("want", "to", "wollen"),
    Modal("be", "allowed to", "dürfen"),
    Modal("could", "", "konnte", past=True),
    Modal("have", "to", "musste", past=True),
    Modal("want", "to", "wollte", past=True),
    Modal("be", "allowed to", "durfte", past=True),
)


@dataclass(frozen=True, eq=False)
class Clause:
    """What a clause says, before either language puts it in order."""

    subject: Nominal
    verb: Verb
    tense: Tense = "habit"
    modal: Modal | None = None
    negated: bool = False  # German says nicht
    no_object: bool = False  # German says kein: English still negates its verb
    passive: bool = False
    english_subject: Nominal | None = None  # where the languages disagree on who is the subject (like, gefallen)
    indefinite_object: bool = False  # German sets it after the place
    english_objects: str = ""
    german_experiencer: str = ""  # a dative that precedes the subject in the middle field
    german_pronouns: str = ""
    german_objects: str = ""
    german_complement: str = ""
    frequency: Adverbial | None = None
    time: Adverbial | None = None
    place: Adverbial | None = None
    combinations: tuple[Combination, ...] = ()


def _join(*parts: str | None) -> str:
    return " ".join(part for part in parts if part)


# English ----------------------------------------------------------------------------------------------------------------------------------


def _english_modal(modal: Modal, agreement: str, base: str, support: bool) -> tuple[str, str]:
    if modal.auxiliary == "be":
        return english.be(agreement, modal.past), f"{modal.rest} {base}"
    if modal.auxiliary not in {"have", "want"}:
        return modal.auxiliary, _join(modal.rest, base)
    if support:
        return english.do(agreement, modal.past), f"{modal.auxiliary} {modal.rest} {base}"
    if modal.auxiliary == "have":
        return "", f"{'had' if modal.past else english.have(agreement)} {modal.rest} {base}"
    ending = "ed" if modal.past else "s" if agreement in {"he", "she", "it"} else ""
    return "", f"want{ending} {modal.rest} {base}"


def _english_verbs(clause: Clause, support: bool) -> tuple[str, str]:
    """Return the auxiliary and the rest of the verb group; without an auxiliary, `support` asks for a form of do."""
    verb, modal = clause.verb, clause.modal
    agreement = (clause.english_subject or clause.subject).agreement
    base = f"be {verb.done}" if clause.passive else verb.english
    if modal:
        return _english_modal(modal, agreement, base, support)
    if clause.passive:
        return english.be(agreement, clause.tense == "past"), f"{'being ' if clause.tense == 'now' else ''}{verb.done}"
    if verb.frame == "copula" and clause.tense in {"habit", "now", "past"}:
        return english.be(agreement, clause.tense == "past"), ""
    simple: dict[str, tuple[str, str]] = {
        "now": (english.be(agreement), verb.ing),
        "perfect": (english.have(agreement), verb.done),
        "since": (english.have(agreement), verb.done),
        "future": ("will", base),
    }
    if clause.tense in simple:
        return simple[clause.tense]
    past = clause.tense == "past"
    if support:
        return english.do(agreement, past), base
    return "", verb.past if past else english.present(verb, agreement)


def english_clause(clause: Clause, front: str = "") -> str:
    """Realise the English statement order; a fronted adverbial changes nothing else."""
    subject = (clause.english_subject or clause.subject).subject
    negated = clause.negated or clause.no_object
    auxiliary, rest = _english_verbs(clause, support=negated)
    if negated:
        auxiliary = "cannot" if auxiliary == "can" else f"{auxiliary} not"
    return _join(front, subject, auxiliary, _frequency(clause), rest, *_english_tail(clause, front))


def english_question(clause: Clause, wh: str = "") -> str:
    """Realise the English question: (wh word) auxiliary, subject, the rest."""
    subject = (clause.english_subject or clause.subject).subject
    auxiliary, rest = _english_verbs(clause, support=True)
    negation = "not" if clause.negated or clause.no_object else ""
    return _join(wh, auxiliary, subject, negation, _frequency(clause), rest, *_english_tail(clause, wh))


def english_imperative(clause: Clause) -> str:
    """Realise the English imperative with its do-support when negated."""
    negation = "do not" if clause.negated or clause.no_object else ""
    return _join(negation, clause.verb.english, *_english_tail(clause, ""))


def english_infinitive(clause: Clause) -> str:
    """Realise the to-infinitive."""
    return _join("to", clause.verb.english, *_english_tail(clause, ""))


def _frequency(clause: Clause) -> str:
    return clause.frequency.english if clause.frequency else ""


def _english_tail(clause: Clause, front: str) -> tuple[str, ...]:
    adverbials = [adverbial.english for adverbial in (clause.place, clause.time) if adverbial]
    return (clause.english_objects, *(adverbial for adverbial in adverbials if adverbial != front))


# German -----------------------------------------------------------------------------------------------------------------------------------


def _german_verbs(clause: Clause) -> tuple[str, str]:
    """Return the finite verb and what closes the bracket (prefix, participle, infinitives)."""
    verb, person = clause.verb, clause.subject.person
    infinitive = f"{verb.participle} werden" if clause.passive else verb.prefix + verb.infinitive
    if clause.modal:
        return irregular(clause.modal.german, person), infinitive
    if clause.passive:
        return irregular("wurde" if clause.tense == "past" else "werden", person), verb.participle
    if verb.frame == "copula" and clause.tense == "past":
        return irregular("war", person), ""
    if clause.tense in {"past", "perfect"}:
        return irregular(verb.auxiliary, person), verb.participle
    if clause.tense == "future":
        return irregular("werden", person), infinitive
    return present(verb, person), verb.prefix


def _middle_field(clause: Clause, *, with_subject: bool, front: str = "") -> str:
    subject = clause.subject.case("nom") if with_subject else ""
    reflexive = REFLEXIVE[clause.subject.person] if clause.verb.reflexive else ""
    # An unstressed sich precedes a full subject but follows a pronoun: "heute setzt sich Anna", "heute setzt sie sich".
    opening = (subject, reflexive) if clause.subject.kind == "pronoun" else (reflexive, subject)
    time = clause.time.german if clause.time and clause.time.german != front else ""
    place = clause.place.german if clause.place and clause.place.german != front else ""
    return _join(
        clause.german_experiencer,
        *opening,
        clause.german_pronouns,
        time,
        clause.frequency.german if clause.frequency else "",
        place if clause.indefinite_object else "",
        clause.german_objects,
        "nicht" if clause.negated else "",
        "" if clause.indefinite_object else place,
        clause.german_complement,
    )


def german_statement(clause: Clause, front: str = "") -> str:
    """Realise verb-second order: the subject, or what is fronted instead of it, and then the finite verb."""
    finite, closing = _german_verbs(clause)
    opening = front or clause.subject.case("nom")
    return _join(opening, finite, _middle_field(clause, with_subject=bool(front), front=front), closing)


def german_question(clause: Clause, wh: str = "") -> str:
    """Realise verb-first order, or verb-second after a wh phrase that is not the subject."""
    finite, closing = _german_verbs(clause)
    return _join(wh, finite, _middle_field(clause, with_subject=True, front=wh), closing)


def german_subordinate(clause: Clause, conjunction: str) -> str:
    """Realise verb-final order; a separable prefix joins its verb again."""
    finite, closing = _german_verbs(clause)
    separated = closing == clause.verb.prefix and closing != ""
    ending = closing + finite if separated else _join(closing, finite)
    return _join(conjunction, _middle_field(clause, with_subject=True), ending)


def german_imperative(clause: Clause, verb_form: str, please: bool, polite: bool) -> str:
    """Realise the imperative: verb, (Sie), bitte, the middle field, the prefix."""
    middle = _middle_field(clause, with_subject=False)
    if clause.verb.reflexive:
        reflexive, _, rest = middle.partition(" ")
        return _join(verb_form, "Sie" if polite else "", reflexive, "bitte" if please else "", rest, clause.verb.prefix)
    pronouns = clause.german_pronouns
    rest = middle.removeprefix(pronouns).strip()
    return _join(verb_form, "Sie" if polite else "", pronouns, "bitte" if please else "", rest, clause.verb.prefix)


def german_infinitive(clause: Clause, opening: str = "") -> str:
    """Realise the zu-infinitive group, with "um" before it where it states a purpose."""
    return _join(opening, _middle_field(clause, with_subject=False), to_infinitive(clause.verb))
