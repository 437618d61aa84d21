"""The demo corpus: correct German, one translation a sentence, splits that hold out combinations and not words."""

import itertools
import subprocess
import sys
import time
from random import Random

import pytest
import yaml

from nmt.data.grammar import Example, constructions, generate_examples, generate_pairs, held_out, split_of
from nmt.data.grammar.adverbials import english_number, english_ordinal, german_number, german_ordinal
from nmt.data.grammar.corpus import WORDS_FROM, draw_example, word_forms
from nmt.data.grammar.lexicon import lexicon
from nmt.data.grammar.morphology import adjective_form, contract, determiner, noun_form, present, to_infinitive
from nmt.data.grammar.noun_phrase import describe
from nmt.errors import CorpusError
from nmt.shipped import shipped_folder
from tests.data.agreement_checker import problems


@pytest.fixture(scope="module")
def train() -> list[Example]:
    return list(generate_examples("train", 30_000, seed=1))


@pytest.fixture(scope="module")
def test() -> list[Example]:
    return list(generate_examples("test", 1_000, seed=1))


def test_an_adjective_shows_what_its_determiner_does_not() -> None:
    assert determiner("ein", "m", "sg", "nom") + " " + adjective_form("rot", "ein", "m", "sg", "nom") == "ein roter"
    assert determiner("der", "m", "sg", "nom") + " " + adjective_form("rot", "der", "m", "sg", "nom") == "der rote"
    assert determiner("der", "m", "sg", "dat") + " " + adjective_form("rot", "der", "m", "sg", "dat") == "dem roten"
    assert adjective_form("kalt", "", "f", "sg", "acc") == "kalte"


def test_nouns_decline() -> None:
    nouns = {noun.english: noun for noun in lexicon().nouns}
    assert noun_form(nouns["student"], "sg", "acc") == "Studenten"
    assert noun_form(nouns["man"], "sg", "gen") == "Mannes"
    assert noun_form(nouns["book"], "pl", "dat") == "Büchern"
    assert noun_form(nouns["car"], "pl", "dat") == "Autos"
    assert describe(nouns["boy"], "sg", ("the", "the", "der"), ("tired", "müd", "tired")).german == (
        "der müde Junge",
        "den müden Jungen",
        "dem müden Jungen",
        "des müden Jungen",
    )


def test_prepositions_contract_with_articles() -> None:
    assert contract("in", "dem Garten") == "im Garten"
    assert contract("zu", "der alten Schule") == "zur alten Schule"
    assert contract("auf", "dem Markt") == "auf dem Markt"


def test_verbs_conjugate() -> None:
    verb = lexicon().verb_of
    assert [present(verb["read"], person) for person in ("ich", "du", "er", "wir")] == ["lese", "liest", "liest", "lesen"]
    assert present(verb["open"], "du") == "öffnest"
    assert to_infinitive(verb["call"]) == "anzurufen"
    assert to_infinitive(verb["buy"]) == "zu kaufen"


def test_numbers_say_the_ones_first() -> None:
    assert (english_number(21), german_number(21)) == ("twenty-one", "einundzwanzig")
    assert (english_number(97), german_number(97)) == ("ninety-seven", "siebenundneunzig")
    ordinals = {1: "first erst", 2: "second zweit", 3: "third dritt", 7: "seventh siebt", 8: "eighth acht", 12: "twelfth zwölft"}
    ordinals |= {16: "sixteenth sechzehnt", 20: "twentieth zwanzigst", 21: "twenty-first einundzwanzigst", 30: "thirtieth dreißigst"}
    assert {day: f"{english_ordinal(day)} {german_ordinal(day)}" for day in ordinals} == ordinals


# One of each construction, read and approved sentence by sentence. A change of the grammar may draw others: read those before they go in.
GOLDEN = yaml.safe_load("""
adjective_agreement:
  - The teachers are eating small pears today.
  - Die Lehrer essen heute kleine Birnen.
fronted_time:
  - Now you are congratulating this teacher.
  - Jetzt gratulierst du diesem Lehrer.
fronted_place:
  - In the big kitchen Laura has baked the bread.
  - In der großen Küche hat Laura das Brot gebacken.
separable_verb:
  - She introduces this brother.
  - Sie stellt diesen Bruder vor.
perfect:
  - The girls have answered the aunts.
  - Die Mädchen haben den Tanten geantwortet.
future:
  - Your father will go to the flat.
  - Dein Vater wird in die Wohnung gehen.
modal:
  - A lawyer was allowed to get up.
  - Ein Anwalt durfte aufstehen.
negation_nicht:
  - This mother is not cooking these potatoes today.
  - Diese Mutter kocht heute diese Kartoffeln nicht.
negation_kein:
  - You are not painting villages.
  - Du malst keine Dörfer.
yes_no_question:
  - Have you dreamed of Lisa, Max?
  - Hast du von Lisa geträumt, Max?
wh_question:
  - Where will a lawyer drive?
  - Wohin wird ein Anwalt fahren?
which_question:
  - How many rolls did the sad farmer bake?
  - Wie viele Brötchen hat der traurige Bauer gebacken?
dative_object:
  - They gave their happy son a plate.
  - Sie haben ihrem glücklichen Sohn einen Teller gegeben.
dative_verb:
  - He will believe his mother.
  - Er wird seiner Mutter glauben.
experiencer:
  - Do I like this yellow car?
  - Gefällt mir dieses gelbe Auto?
belonging:
  - The old pencil did not belong to Thomas.
  - Der alte Bleistift hat Thomas nicht gehört.
dative_preposition:
  - Before the holidays a girl is opening his suitcase.
  - Vor den Ferien öffnet ein Mädchen seinen Koffer.
duration_present:
  - They have waited for their train for two years.
  - Sie warten seit zwei Jahren auf ihren Zug.
counting:
  - We will order sixty-nine chairs.
  - Wir werden neunundsechzig Stühle bestellen.
price:
  - The spoon costs ninety euros.
  - Der Löffel kostet neunzig Euro.
dates_and_clock:
  - On the thirteenth of February Anna will take off an expensive shirt.
  - Am dreizehnten Februar wird Anna ein teures Hemd ausziehen.
predicate_adjective:
  - These eggs were not fresh.
  - Diese Eier waren nicht frisch.
comparison:
  - The cinemas are as small as these schools.
  - Die Kinos sind so klein wie diese Schulen.
degree_attribute:
  - The man will forget the lightest keys.
  - Der Mann wird die leichtesten Schlüssel vergessen.
imperative:
  - Please thank the nurse, Mrs Becker!
  - Danken Sie bitte der Krankenschwester, Frau Becker!
passive:
  - The expensive dress is being put on now.
  - Das teure Kleid wird jetzt angezogen.
reflexive:
  - The nurse has fallen in love with the cook.
  - Die Krankenschwester hat sich in den Koch verliebt.
prepositional_object:
  - My hungry brothers have asked about the farmer.
  - Meine hungrigen Brüder haben nach dem Bauern gefragt.
two_way_preposition:
  - An ugly cup is standing under their chair.
  - Eine hässliche Tasse steht unter ihrem Stuhl.
genitive:
  - She takes off the hungry farmer's big dresses.
  - Sie zieht die großen Kleider des hungrigen Bauern aus.
existence:
  - There is a knife in the library.
  - In der Bibliothek gibt es ein Messer.
causal_clause:
  - I will follow a small dog tomorrow although it is snowing.
  - Ich werde morgen einem kleinen Hund folgen, obwohl es schneit.
fronted_clause:
  - Because they bake the bread, you run to the park.
  - Weil sie das Brot backen, läufst du in den Park.
content_clause:
  - This son does not know whether we are going to the theatre at the moment.
  - Dieser Sohn weiß nicht, ob wir im Moment ins Theater gehen.
indirect_question:
  - We know when the sad uncle has thanked Sophie.
  - Wir wissen, wann der traurige Onkel Sophie gedankt hat.
pronoun_reference:
  - This uncle will repair my cupboard although it is green.
  - Dieser Onkel wird meinen Schrank reparieren, obwohl er grün ist.
relative_subject:
  - Laura has seen the aunt who will call Laura in twelve years.
  - Laura hat die Tante, die in zwölf Jahren Laura anrufen wird, gesehen.
relative_object:
  - The offices that the rich student is tidying up are big.
  - Die Büros, die der reiche Student aufräumt, sind groß.
purpose:
  - The policeman has driven to the beautiful market to wake up lazy rabbits.
  - Der Polizist ist zum schönen Markt gefahren, um faule Kaninchen aufzuwecken.
infinitive_group:
  - You will begin to listen to me.
  - Du wirst anfangen, mir zuzuhören.
coordination:
  - You have laughed about this interesting report and Peter waited on the twenty-ninth of December.
  - Du hast über diesen interessanten Bericht gelacht und Peter hat am neunundzwanzigsten Dezember gewartet.
""")


@pytest.mark.parametrize("construction", constructions())
def test_golden_example(construction: str) -> None:
    example = draw_example(Random(f"golden {construction}"), construction)
    assert [example.source, example.target] == GOLDEN[construction]


def test_there_are_many_constructions_and_each_reaches_train_and_test(train: list[Example], test: list[Example]) -> None:
    assert len(constructions()) == len(set(constructions())) == 41
    assert {example.construction for example in train} == {example.construction for example in test} == set(constructions())


def test_the_same_seed_writes_the_same_pairs_in_another_process() -> None:
    program = "from nmt.data.grammar import generate_pairs; print(list(generate_pairs('test', 20, 7)))"
    runs = {subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout for _ in range(2)}
    assert runs == {f"{list(generate_pairs('test', 20, 7))}\n"}
    assert list(generate_pairs("train", 50, 1)) != list(generate_pairs("train", 50, 2))


def test_a_shorter_corpus_is_the_beginning_of_a_longer_one() -> None:
    assert list(generate_pairs("valid", 10, 3)) == list(itertools.islice(generate_pairs("valid", 30, 3), 10))


def test_pairs_are_distinct_and_splits_disjoint_whatever_the_seed(train: list[Example], test: list[Example]) -> None:
    sources = {example.source for example in train}
    assert len(sources) == 30_000
    for seed in (1, 2):
        assert not sources & {source for source, _ in generate_pairs("valid", 300, seed)}
    assert not sources & {example.source for example in test}


def test_the_hold_out_rule(train: list[Example], test: list[Example]) -> None:
    seen = {combination for example in train for combination in example.combinations}
    assert not any(held_out(combination) for combination in seen)
    for example in test:
        unseen = {combination for combination in example.combinations if held_out(combination)}
        assert unseen and not unseen & seen
        assert split_of(example) == "test"


def test_the_test_set_uses_only_words_that_training_shows(train: list[Example], test: list[Example]) -> None:
    words = {word for example in train[:WORDS_FROM] for word in word_forms(example)}
    assert {word for example in test for word in word_forms(example)} <= words


def test_a_source_sentence_has_one_translation() -> None:
    translations: dict[str, str] = {}
    rng = Random(11)
    for _ in range(20_000):
        example = draw_example(rng)
        assert translations.setdefault(example.source, example.target) == example.target
    assert len(translations) < 20_000, "nothing was drawn twice: the test proves nothing"


def test_too_many_pairs_are_refused_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    from nmt.data.grammar import corpus

    example = next(generate_examples("train", 1, 1))
    monkeypatch.setattr(corpus, "draw_example", lambda rng: example)
    with pytest.raises(CorpusError, match="the grammar wrote only 1; ask for fewer"):
        list(generate_pairs("train", 2, 1))


def test_generation_is_fast() -> None:
    began = time.process_time()
    assert sum(1 for _ in generate_pairs("train", 5_000, seed=5)) == 5_000
    assert time.process_time() - began < 4, "5,000 pairs should take well under a second"


def test_the_description_fits_the_grammar() -> None:
    description = yaml.safe_load((shipped_folder("corpora") / "demo.yaml").read_text(encoding="utf-8"))
    assert (description["name"], description["kind"], description["languages"]) == ("demo", "grammar", ["en", "de"])
    assert description["splits"] == {"train": 30_000, "valid": 500, "test": 1_000}


def test_ten_thousand_pairs_pass_the_independent_checker(train: list[Example], test: list[Example]) -> None:
    rejected = [(example.target, found) for example in [*train[:9_000], *test] if (found := problems(example.target))]
    assert not rejected, rejected[:5]


def test_english_sentences_are_well_formed(train: list[Example]) -> None:
    third = {"he", "she", "Anna", "Paul", "Maria"}
    for example in train[:10_000]:
        words = example.source[:-1].replace(",", "").split()
        assert example.source[0].isupper() and example.source[-1] in ".?!" and "  " not in example.source
        for first, second in itertools.pairwise(words):
            if first.lower() in {"a", "an"}:
                assert (first.lower() == "an") == (second[0] in "aeiou"), example.source
            if example.source[-1] == "?":
                continue
            assert not (first in third and second in {"are", "have", "do", "were"}), example.source
            assert not (first in {"I", "we", "they"} and second in {"is", "has", "does"}), example.source
