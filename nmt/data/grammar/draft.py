"""A sentence pair in the making: what every construction returns."""

from dataclasses import dataclass

from nmt.data.grammar.clause import Clause, english_clause, german_statement
from nmt.data.grammar.noun_phrase import Combination

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
