"""A translator's memory becomes sentence pairs: TMX, PO, MO, XLIFF; what is left out is told with its reason."""

import gzip
import tracemalloc
from pathlib import Path

import pytest
from translate.misc.multistring import multistring
from translate.storage.mo import mofile, mounit

from nmt.data.translation_memory import read_memories
from nmt.errors import CorpusError


def tmx(*units: str, language: str = "xml:lang") -> bytes:
    body = "".join(f"<tu>{unit}</tu>" for unit in units)
    head = '<?xml version="1.0" encoding="UTF-8"?><!DOCTYPE tmx SYSTEM "tmx14.dtd">'
    return f'{head}<tmx version="1.4"><header srclang="en"/><body>{body}</body></tmx>'.replace("LANG", language).encode()


def variant(language: str, text: str) -> str:
    return f'<tuv LANG="{language}"><seg>{text}</seg></tuv>'


PO = """
msgid ""
msgstr ""
"Content-Type: text/plain; charset=UTF-8\\n"
"Language: de_DE\\n"

msgid "Open %s"
msgstr "%s öffnen"

#, fuzzy
msgid "Close"
msgstr "Öffnen"

msgid "%d file"
msgid_plural "%d files"
msgstr[0] "%d Datei"
msgstr[1] "%d Dateien"

msgid "Not yet"
msgstr ""

msgid "Two\\n"
"lines\\n"
msgstr ""
"Zwei\\n"
"Zeilen\\n"

#~ msgid "Gone"
#~ msgstr "Weg"
"""

XLIFF_1 = """<?xml version="1.0"?>
<xliff version="1.2" xmlns="urn:oasis:names:tc:xliff:document:1.2">
<file source-language="en-US" target-language="de-DE" original="a" datatype="plaintext"><body>
<trans-unit id="1"><source>Hello <g id="1">you</g><x id="2" equiv-text="{0}"/>
   there</source><target state="translated">Hallo <g id="1">du</g><x id="2" equiv-text="{0}"/> da</target></trans-unit>
<group id="g"><trans-unit id="2"><source>Check</source><target state="needs-review-translation">Prüfen</target></trans-unit></group>
<trans-unit id="3" approved="no"><source>No</source><target>Nein</target></trans-unit>
<trans-unit id="4"><source>Nothing</source></trans-unit>
</body></file></xliff>"""

XLIFF_2 = """<xliff version="2.0" xmlns="urn:oasis:names:tc:xliff:document:2.0" srcLang="en" trgLang="de"><file id="f">
<unit id="1"><originalData><data id="d1">%s</data><data id="b">&lt;b&gt;</data><data id="e">&lt;/b&gt;</data></originalData>
<segment state="final"><source>Hi <ph id="1" dataRef="d1"/>.</source><target>Hallo <ph id="1" dataRef="d1"/>.</target></segment>
<segment><source><pc id="2" dataRefStart="b" dataRefEnd="e">Bold</pc></source>
<target><pc id="2" dataRefStart="b" dataRefEnd="e">Fett</pc></target></segment>
<segment state="initial"><source>Later</source><target>Später</target></segment></unit></file></xliff>"""


def read(folder: Path, name: str, content: bytes | str, source: str = "en", target: str = "de", **options: bool) -> list[tuple[str, ...]]:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return [(pair.source, pair.target, *([pair.fault] if pair.fault else [])) for pair in read_memories((path,), source, target, **options)]


def failure(folder: Path, name: str, content: bytes | str, source: str = "en", target: str = "de") -> str:
    with pytest.raises(CorpusError) as error:
        read(folder, name, content, source, target)
    assert "\n" not in str(error.value)
    assert name in str(error.value)
    return str(error.value)


def test_a_tmx_in_both_directions(tmp_path: Path) -> None:
    content = tmx(variant("en-US", "one house") + variant("de-DE", "ein Haus"))
    assert read(tmp_path, "a.tmx", content) == [("one house", "ein Haus")]
    assert read(tmp_path, "a.tmx", content, "de", "en") == [("ein Haus", "one house")]
    assert read(tmp_path, "a.tmx.gz", gzip.compress(content)) == [("one house", "ein Haus")]


def test_codes_inside_a_segment_stay_as_their_text(tmp_path: Path) -> None:
    english = 'Press <bpt i="1">&lt;b&gt;</bpt>OK<ept i="1">&lt;/b&gt;</ept> <ph x="1"/><hi>now</hi>\n   %s'
    assert read(tmp_path, "a.tmx", tmx(variant("en", english) + variant("de", "OK {0} drücken"))) == [
        ("Press <b>OK</b> now %s", "OK {0} drücken")
    ]


def test_units_of_a_tmx_that_are_left_out(tmp_path: Path) -> None:
    units = (variant("en", "a") + variant("de", "b"), variant("en", "a") + variant("fr", "c"), variant("en", "a") + variant("de", " "))
    assert read(tmp_path, "a.tmx", tmx(*units, language="lang")) == [
        ("a", "b"),
        ("", "", "other_language"),
        ("a", "", "untranslated"),
    ]


def test_a_tmx_in_utf_16(tmp_path: Path) -> None:
    content = tmx(variant("en", "size") + variant("de", "Größe")).decode().replace("UTF-8", "UTF-16").encode("utf-16")
    assert read(tmp_path, "a.tmx", content) == [("size", "Größe")]


def test_a_large_tmx_streams(tmp_path: Path) -> None:
    path = tmp_path / "large.tmx"
    path.write_bytes(tmx(*[variant("en", "a sentence of a memory " * 5) + variant("de", "ein Satz eines Speichers " * 5)] * 10_000))
    tracemalloc.start()
    assert sum(1 for _ in read_memories((path,), "en", "de")) == 10_000
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert path.stat().st_size > 3_000_000
    assert peak < 1_000_000


def test_damaged_tmx_names_the_line(tmp_path: Path) -> None:
    assert "line 3: not well-formed XML" in failure(tmp_path, "a.tmx", "<tmx>\n<body>\n<tu></body>")
    assert "line 1: not well-formed XML (unclosed token)" in failure(tmp_path, "a.tmx", tmx("")[:-9])
    assert "is not TMX: its root element is <xliff>" in failure(tmp_path, "a.tmx", XLIFF_1)
    assert "it has en-US, fr" in failure(tmp_path, "a.tmx", tmx(variant("en-US", "a") + variant("fr", "b")))
    assert "it has no units at all" in failure(tmp_path, "a.tmx", tmx())
    assert "damaged or truncated gzip" in failure(tmp_path, "a.tmx.gz", gzip.compress(tmx())[:-9])


def test_a_file_cannot_grow_in_memory_through_entities(tmp_path: Path) -> None:
    bomb = '<!DOCTYPE {0} [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;">]><{0}><seg>&b;</seg></{0}>'
    assert "line 1: declares the entity 'a'" in failure(tmp_path, "a.tmx", bomb.format("tmx"))
    assert "declares entities of its own" in failure(tmp_path, "a.xlf", bomb.format("xliff"))


def test_a_po_file(tmp_path: Path) -> None:
    units = [
        ("Open %s", "%s öffnen"),
        ("Close", "Öffnen", "fuzzy"),
        ("%d file", "%d Datei"),
        ("%d files", "%d Dateien"),
        ("Not yet", "", "untranslated"),
        ("Two lines", "Zwei Zeilen"),
        ("Gone", "Weg", "obsolete"),
    ]
    assert read(tmp_path, "a.po", PO) == units
    assert read(tmp_path, "a.po", PO, fuzzy=True)[1] == ("Close", "Öffnen")
    assert read(tmp_path, "a.po", PO, "de", "en")[0] == ("%s öffnen", "Open %s")  # its Language is that of the translations
    assert "it has de_DE" in failure(tmp_path, "a.po", PO, "en", "fr")


def test_a_po_file_in_another_character_set(tmp_path: Path) -> None:
    assert read(tmp_path, "a.po", PO.replace("UTF-8", "ISO-8859-1").encode("latin-1"))[0] == ("Open %s", "%s öffnen")


def test_a_mo_file(tmp_path: Path) -> None:
    store = mofile()
    for source, target in ((["%d file", "%d files"], ["%d Datei", "%d Dateien"]), ("Open", "Öffnen")):
        unit = mounit(multistring(source))
        unit.target = multistring(target)
        store.addunit(unit)
    content = bytes(store)
    assert sorted(read(tmp_path, "a.mo", content)) == [("%d file", "%d Datei"), ("%d files", "%d Dateien"), ("Open", "Öffnen")]
    assert "damaged or no .mo file" in failure(tmp_path, "a.mo", content[:30])
    assert "not an MO file" in failure(tmp_path, "a.mo", b"some other bytes")


def test_one_plural_form_translates_both(tmp_path: Path) -> None:
    japanese = PO.replace("de_DE", "ja").replace('msgstr[1] "%d Dateien"\n', "")
    assert read(tmp_path, "a.po", japanese, "en", "ja")[2:4] == [("%d file", "%d Datei"), ("%d files", "%d Datei")]


def test_damaged_po(tmp_path: Path) -> None:
    assert "damaged or no .po file: Syntax error on line 1" in failure(tmp_path, "a.po", "hello\n")
    assert "codec can't decode" in failure(tmp_path, "a.po", PO.encode("latin-1"))


def test_xliff_1(tmp_path: Path) -> None:
    units = [
        ("Hello you{0} there", "Hallo du{0} da"),
        ("Check", "Prüfen", "fuzzy"),
        ("No", "Nein", "fuzzy"),
        ("Nothing", "", "untranslated"),
    ]
    assert read(tmp_path, "a.xlf", XLIFF_1) == units
    assert read(tmp_path, "a.xliff", XLIFF_1, fuzzy=True)[1:3] == [("Check", "Prüfen"), ("No", "Nein")]
    assert read(tmp_path, "a.xlf", XLIFF_1, "de", "en")[0] == ("Hallo du{0} da", "Hello you{0} there")
    assert "it has en-US, de-DE" in failure(tmp_path, "a.xlf", XLIFF_1, "en", "fr")


def test_xliff_2(tmp_path: Path) -> None:
    assert read(tmp_path, "a.xlf", XLIFF_2) == [("Hi %s.", "Hallo %s."), ("<b>Bold</b>", "<b>Fett</b>"), ("Later", "Später", "fuzzy")]


@pytest.mark.parametrize("content", ["", "no xml", XLIFF_1[:-40], "<html/>"])
def test_damaged_xliff(content: str, tmp_path: Path) -> None:
    assert "damaged or no .xlf file" in failure(tmp_path, "a.xlf", content)


def test_units_are_numbered_over_all_files(tmp_path: Path) -> None:
    read(tmp_path, "a.po", PO)
    read(tmp_path, "b.xlf", XLIFF_2)
    pairs = list(read_memories((tmp_path / "a.po", tmp_path / "b.xlf"), "en", "de"))
    assert [pair.line for pair in pairs] == list(range(1, 11))
    with pytest.raises(CorpusError, match=r"cannot read .*gone\.tmx: No such file"):
        list(read_memories((tmp_path / "gone.tmx",), "en", "de"))
