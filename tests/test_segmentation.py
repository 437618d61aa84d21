"""Segmentation: sentences of several languages, exact reconstruction, and long lines cut in linear time."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nmt.segmentation import Segment, rejoin, split_long, split_paragraphs, split_sentences

# Letters, marks, closers and spaces of several scripts: most draws hold sentence ends, which plain st.text() hardly ever does.
CHARACTERS = st.sampled_from("aB3é中。！.!?…,;:—–-\"'»«”()[] \u00a0\t\n\r\u2028\u0301\u200d👍🏽।z")
TEXTS = st.text(CHARACTERS | st.characters(exclude_categories=["Cs"]), max_size=80)


@pytest.mark.parametrize(
    "sentences",
    [
        ["A dog runs.", "Two men sit!", "Why?"],
        ["Mr. Smith met Dr. J. R. Jones at 3.14 p.m. near St. Paul's.", "He left."],
        ["See e.g. Fig. 3 and pp. 120.", "Then visit https://example.org/a.b?c=d!e now."],
        ['"Really?" he asked.', '"Yes!"', "(It was so.)", "Good."],
        ["Well... maybe.", "Or…", "Not."],
        ["Am 3. Mai kam z. B. Frau Dr. Weiß, d.h. um 7.30 Uhr.", "„Gut.“", "Das 19. Jahrhundert war bzw. Ist vorbei."],
        ["« Quoi ? » demanda M. Dupont.", "Comment ça va\u202f?", "Bien\u00a0!"],
        ["Např. Praha, tj. hlavní město, má cca. 1,3 mil. obyvatel.", "Dne 5. května přišel prof. Novák."],
        ["ماذا؟", "لا شيء."],
        ["What?!", "No!!!", "Plain"],
        ["see version 2.0 of file.txt today. or tomorrow."],
    ],
)
def test_sentences_with_spaces_between_them(sentences: list[str]) -> None:
    assert [segment.text for segment in split_sentences(" ".join(sentences))] == sentences


@pytest.mark.parametrize(
    "sentences", [["他说。", "“你好！”", "再见？"], ["यह एक वाक्य है।", "दूसरा।"], ["これはペンです。", "「はい。」", "ok"]]
)
def test_sentences_that_touch(sentences: list[str]) -> None:
    assert [segment.text for segment in split_sentences("".join(sentences))] == sentences


def test_a_paragraph_ends_a_sentence_and_its_white_space_stays() -> None:
    text = "  A title\n\nFirst one. Second\t one.\r\n\n  Last  \n"
    segments = split_paragraphs(text)
    assert [segment.text for segment in segments] == ["A title", "First one.", "Second\t one.", "Last"]
    assert rejoin(text, segments, ["T", "1", "2", "L"]) == "  T\n\n1 2\r\n\n  L  \n"


def test_touching_sentences_get_the_space_that_the_target_language_needs() -> None:
    text = "你好。再见。"
    assert rejoin(text, split_sentences(text), ["Hello.", "Bye."], between=" ") == "Hello. Bye."
    url = "x" * 8
    assert rejoin(url, split_long(url, lambda part: len(part) <= 4), ["yyyy", "zzzz"], between=" ") == "yyyyzzzz"


def test_rejoin_wants_a_translation_for_each_segment() -> None:
    with pytest.raises(ValueError, match="shorter"):
        rejoin("a", [Segment("a", 0, 1)], [])


def check(text: str, segments: list[Segment]) -> None:
    assert rejoin(text, segments, [segment.text for segment in segments]) == text
    end = 0
    for segment in segments:
        assert text[segment.start : segment.end] == segment.text == segment.text.strip() != ""
        assert not text[end : segment.start].strip()
        end = segment.end
    assert not text[end:].strip()


@given(TEXTS)
def test_segments_and_gaps_are_the_text(text: str) -> None:
    check(text, split_sentences(text))
    check(text, split_paragraphs(text))


@given(TEXTS, st.integers(0, 12))
def test_long_segments_all_fit(text: str, limit: int) -> None:
    segments = split_long(text, lambda part: len(part) <= limit)
    check(text, segments)
    assert all(len(segment.text) <= max(limit, 1) for segment in segments)


@given(TEXTS, st.integers(2, 5))
def test_long_segments_fit_even_when_a_part_of_what_fits_does_not(text: str, modulus: int) -> None:
    def fits(part: str) -> bool:
        return len(part) % modulus == 1

    segments = split_long(text, fits)
    check(text, segments)
    assert all(fits(segment.text) or len(segment.text) == 1 for segment in segments)


def cut(text: str, limit: int) -> list[str]:
    return [segment.text for segment in split_long(text, lambda part: len(part) <= limit)]


def test_long_lines_are_cut_where_it_hurts_least() -> None:
    assert cut("Short enough.", 20) == ["Short enough."]
    assert cut("One is. Two is. Three is.", 16) == ["One is.", "Two is.", "Three is."]
    assert cut("No. One, two; three four. Yes.", 14) == ["No.", "One, two;", "three four.", "Yes."]
    assert cut("one two three four", 9) == ["one two", "three", "four"]
    assert cut("abcdefgh", 3) == ["abc", "def", "gh"]
    assert cut("我们今天去公园，明天去学校", 8) == ["我们今天去公园，", "明天去学校"]
    assert cut("1.234,56 EUR", 8) == ["1.234,56", "EUR"]
    assert cut(" \t ", 1) == []


def test_a_letter_keeps_its_accents_and_an_emoji_its_parts() -> None:
    assert cut("ae\u0301ae\u0301", 2) == ["a", "e\u0301", "a", "e\u0301"]
    assert cut("ok👍🏽", 3) == ["ok", "👍🏽"]
    assert cut("a\u0301\u0301\u0301", 2) == ["a\u0301", "\u0301\u0301"]


@pytest.mark.parametrize("pattern", ["x", "中", ".", '."', "? »", "word ", "One. ", "a,", "\u0301", "—", ")"])
@pytest.mark.parametrize("end", ["", "x"])
def test_a_megabyte_takes_linear_time(pattern: str, end: str) -> None:
    text = (pattern * 1_000_000)[:1_000_000] + end
    asked = 0

    def fits(part: str) -> bool:
        nonlocal asked
        asked += len(part)
        return len(part) <= 400

    begin = time.process_time()  # not the wall clock: the machine may be shared
    segments = split_long(text, fits)
    assert time.process_time() - begin < 5  # quadratic time would be minutes
    assert all(len(segment.text) <= 400 for segment in segments)
    assert asked < 40 * len(text)


def test_few_questions_are_asked_for_a_segment() -> None:
    asked = 0

    def fits(part: str) -> bool:
        nonlocal asked
        asked += 1
        return len(part) <= 10_000

    assert len(split_long("x" * 100_000, fits)) == 10
    assert asked < 10 * 20
