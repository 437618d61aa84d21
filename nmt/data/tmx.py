"""TMX, the exchange format of translation memories, as a stream: one unit at a time, whatever the size of the file.

A `<seg>` becomes its text. The inline elements `bpt`, `ept`, `ph`, `it`, `ut` hold the original document's own codes (`<b>`, `{0}`, `%s`);
what stands in them is part of the text that a translator has to keep, so it stays. An inline element without content leaves nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO
from xml.parsers import expat

from nmt.errors import CorpusError

_BLOCK_BYTES = 1 << 16


@dataclass
class _Reader:
    """What expat's handlers fill: the units that are complete, and the one that is being read."""

    path: Path
    parser: expat.XMLParserType = field(default_factory=expat.ParserCreate)
    units: list[dict[str, str]] = field(default_factory=list)
    root: str | None = None
    language: str = ""
    unit: dict[str, str] = field(default_factory=dict)
    text: list[str] | None = None
    """The pieces of the `<seg>` that is being read; None outside of one."""

    def __post_init__(self) -> None:
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self.start
        self.parser.EndElementHandler = self.end
        self.parser.CharacterDataHandler = self.characters
        self.parser.EntityDeclHandler = self.refuse_entity

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if self.root is None:
            self.root = name
            if name != "tmx":
                raise CorpusError(f"{self.path} is not TMX: its root element is <{name}>, expected <tmx>")
        if name == "tu":
            self.unit = {}
        elif name == "tuv":
            self.language = attributes.get("xml:lang") or attributes.get("lang", "")
        elif name == "seg":
            self.text = []

    def end(self, name: str) -> None:
        if name == "seg" and self.text is not None:
            self.unit.setdefault(self.language, "".join(self.text))
            self.text = None
        elif name == "tu":
            self.units.append(self.unit)

    def characters(self, data: str) -> None:
        if self.text is not None:
            self.text.append(data)

    def refuse_entity(self, name: str, *_: object) -> None:
        """Entities of a file's own are how a small file is made to fill a machine's memory; no TMX needs one."""
        raise CorpusError(
            f"{self.path}, line {self.parser.CurrentLineNumber}: declares the entity {name!r}; a TMX has no need of entities: remove it"
        )


def read_tmx(file: BinaryIO, path: Path) -> Iterator[dict[str, str]]:
    """Yield each unit of a TMX file: text by language code, the first where a language occurs twice.

    Args:
        file: open for reading; UTF-8, or UTF-16 with its mark, as XML tells by itself.
        path: what an error calls it.

    Raises:
        CorpusError: not XML (with the line), or not TMX.
    """
    reader = _Reader(path)
    try:
        while block := file.read(_BLOCK_BYTES):
            reader.parser.Parse(block, False)
            yield from reader.units
            reader.units.clear()
        reader.parser.Parse(b"", True)
        yield from reader.units
    except expat.ExpatError as error:
        raise CorpusError(f"{path}, line {error.lineno}: not well-formed XML ({expat.ErrorString(error.code)})") from error
