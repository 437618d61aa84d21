"""Long text and real text: what is no sentence comes back as it was, what is too long is cut and nothing lost, loops are cut."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from starlette.testclient import TestClient

from nmt.runtime.interface import Hypotheses
from nmt.segmentation import rejoin, split_paragraphs
from nmt.tokenizer import TokenizerPair
from serve.translation import clean
from tests.serve.conftest import MakeClient
from tests.serve.scripted import make_app
from tests.test_segmentation import TEXTS

TEXT_LISTS = st.lists(st.sampled_from(["A dog runs.", "Two men sit! Why?\n", "42", " "]) | TEXTS, min_size=1, max_size=6)


@pytest.fixture(scope="module")
def shared(tokenizers: TokenizerPair) -> Iterator[TestClient]:
    """One client for all draws of a property."""
    with TestClient(make_app(tokenizers), client=("127.0.0.1", 50000)) as client:
        yield client


def translate(client: TestClient, q: str | Sequence[str]) -> Any:
    response = client.post("/translate", json={"q": q, "source": "en", "target": "de"})
    assert response.status_code == 200, response.text
    return response.json()["translatedText"]


def metric(client: TestClient, name: str) -> float:
    found = re.search(rf'^{name}{{model="ende",version="1"}} (\S+)$', client.get("/metrics").text, re.MULTILINE)
    return float(found[1]) if found else 0.0


# ---------------------------------------------------------------------------------------------------- white space


@settings(max_examples=100, deadline=None)
@given(TEXTS)
def test_white_space_outside_sentences_is_unchanged(shared: TestClient, text: str) -> None:
    (answer,) = translate(shared, [text])
    cleaned = clean(text)
    gaps, end = [], 0
    for segment in split_paragraphs(cleaned, "en"):
        gaps.append(cleaned[end : segment.start])
        end = segment.end
    assert re.fullmatch(".*?".join(map(re.escape, [*gaps, cleaned[end:]])), answer, re.DOTALL)


@settings(max_examples=50, deadline=None)
@given(TEXTS)
def test_a_text_is_its_sentences_each_alone(shared: TestClient, text: str) -> None:
    cleaned = clean(text)
    segments = split_paragraphs(cleaned, "en")
    alone = translate(shared, [segment.text for segment in segments]) if segments else []
    assert translate(shared, [text]) == [rejoin(cleaned, segments, alone, between=" ")]


def test_sentences_that_touch_get_the_space_that_the_target_language_sets(client: TestClient) -> None:
    assert translate(client, "你好。再见。") == " ".join(translate(client, ["你好。", "再见。"]))


@settings(max_examples=50, deadline=None)
@given(TEXT_LISTS)
def test_a_batch_is_each_text_alone(shared: TestClient, texts: list[str]) -> None:
    assert translate(shared, texts) == [translate(shared, [text])[0] for text in texts]


@pytest.mark.parametrize(
    "text",
    [
        " A dog.\n\nA dog.\n",
        "A dog.\r\n\r\nA dog.\r",
        "\t A dog. \t Two men. \u00a0",
        "A dog.\u2028Two men.\u2029\u0085A dog.",
        "- A dog.\n  - Two men.\n\n\n",
    ],
)
def test_paragraphs_keep_their_place(client: TestClient, text: str) -> None:
    answer = translate(client, text)
    assert re.findall(r"\n|\r|\t|\u2028|\u2029|\u0085", answer) == re.findall(r"\n|\r|\t|\u2028|\u2029|\u0085", text)
    leading, trailing = len(text) - len(text.lstrip()), len(text) - len(text.rstrip())
    assert answer.startswith(text[:leading])
    assert answer.endswith(text[len(text) - trailing :])


@pytest.mark.parametrize(
    "text",
    [
        "👍🏽",
        "👍🏽🎉 🏴",
        "42",
        "3,14 – 1.000 €",
        "https://example.org/a?b=c#d",
        "me@example.org",
        "…",
        "-",
        " ",
        "\n\n",
        " 42\n\n👍🏽 \t",
        "(1)",
    ],
)
def test_what_has_no_letter_or_is_an_address_is_copied(client: TestClient, text: str) -> None:
    assert translate(client, text) == text
    assert translate(client, [text, "", text]) == [text, "", text]


@pytest.mark.parametrize("text", ["a", "é", "中", "ß", "\u0301a", "ﬁ"])
def test_one_character(client: TestClient, text: str) -> None:
    assert translate(client, text).strip()


@pytest.mark.parametrize(
    ("text", "left"), [("A\x00 dog\x07.", "A dog."), ("\x1b[1mA dog.\x7f", "[1mA dog."), ("\x00", ""), ("A dog.\x0c", "A dog.")]
)
def test_control_characters_are_taken_out(client: TestClient, text: str, left: str) -> None:
    assert translate(client, [text]) == translate(client, [left])


# ---------------------------------------------------------------------------------------------------- long sentences


def letters(text: str) -> Counter[str]:
    return Counter("".join(text.split()))


@pytest.mark.parametrize(
    "text",
    [
        "Two men sit on a bench, a dog runs; " * 6 + "hello world.",
        "dog men bench runs " * 20,
        "xyz" * 60,
        "Männer sitzen, ein Hund läuft: " * 9 + "du?",
        "你好" * 40,
        "dog, " * 700,
    ],
)
def test_of_an_over_long_sentence_nothing_is_lost(client: TestClient, text: str) -> None:
    assert letters(translate(client, text)) == letters(text)
    assert metric(client, "nmt_sentences_divided_total") == 1


def test_it_is_cut_where_clauses_end(client: TestClient) -> None:
    clauses = ["Two men sit on a bench,", "a dog runs on a bench;", "hello world, hello world –", "two men sit."]
    answer = translate(client, " ".join(clauses))
    assert metric(client, "nmt_sentences_divided_total") == 1
    ways = [[*zip((0, *cuts), (*cuts, 4), strict=True)] for count in (1, 2, 3) for cuts in combinations((1, 2, 3), count)]
    assert answer in [" ".join(translate(client, [" ".join(clauses[i:j]) for i, j in way])) for way in ways]


def test_sentences_that_fit_are_not_counted(client: TestClient) -> None:
    translate(client, "A dog runs. Two men sit. " * 50)
    assert metric(client, "nmt_sentences_divided_total") == 0


def test_a_hundred_sentences(client: TestClient) -> None:
    one = translate(client, "A dog runs.")
    assert translate(client, " ".join(["A dog runs."] * 100)) == " ".join([one] * 100)
    sentences = [f"A dog runs {number}." for number in range(100)]
    assert translate(client, "\n".join(sentences)) == "\n".join(translate(client, sentences))


# ---------------------------------------------------------------------------------------------------- loops


class Looping:
    """Says the first two pieces of every sentence again and again, `TURNS` times."""

    TURNS = 15

    takes_coverage_penalty = True

    def translate_ids(
        self,
        ids: NDArray[np.int32],
        lengths: NDArray[np.int32],
        *,
        beam_size: int,
        length_penalty: float,
        max_steps: int,
        coverage_penalty: float = 0.0,
    ) -> Hypotheses:
        B, steps = len(ids), 2 * self.TURNS
        out = np.tile(ids[:, None, :2], (1, beam_size, self.TURNS))
        attention = np.full((B, beam_size, steps, ids.shape[1]), 1 / ids.shape[1], np.float32)
        scores = np.tile(-np.arange(beam_size, dtype=np.float32), (B, 1))
        return Hypotheses(out, np.full((B, beam_size), steps, np.int32), scores, attention)


@pytest.fixture
def looping(make_client: MakeClient) -> TestClient:
    client = make_client()
    client.app.state.service.models.served["ende"].current.translator._runtime = Looping()  # type: ignore[attr-defined]
    return client


def test_a_loop_is_cut_and_counted(looping: TestClient) -> None:
    answer = translate(looping, "dog men sit. Bench runs du.")
    assert len(answer) < 20
    assert metric(looping, "nmt_repetitions_cut_total") == 2
    translate(looping, "42")
    assert metric(looping, "nmt_repetitions_cut_total") == 2


def test_a_loop_that_the_source_has_stays_as_long_as_there(looping: TestClient) -> None:
    assert translate(looping, "xy" * 9).count("x") == 9 < Looping.TURNS


def test_what_a_healthy_model_says_is_not_cut(client: TestClient) -> None:
    text = "dog dog dog dog dog dog dog dog dog. dog men dog men dog men dog men dog men."
    assert letters(translate(client, text)) == letters(text)
    assert metric(client, "nmt_repetitions_cut_total") == 0
