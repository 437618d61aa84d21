"""A published model on disk: find it, read what it says of itself, check that its files are the ones that were published.

MODEL is a MODEL_DIR (= RUN_DIR/export/<n>), a RUN_DIR (its newest export), or a folder of integer versions (the highest).
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from nmt.errors import ModelError

MANIFEST_FILE = "MODEL.json"
SAVED_MODEL_FILE = "saved_model.pb"
LITERT_FILE = "model.tflite"
EXPORT_FOLDER = "export"
LITERT_FOLDER = "litert"
GOLDEN_FILE = "golden.json"
STRINGS_EXTRA_FOLDER = "assets.extra"  # where a strings export has its MODEL.json, so that it does not look like a model
PLAIN_VERSION, TAGS_VERSION = 1, 2  # an older reader would leave the tags out and translate into any language
FORMAT_VERSION = TAGS_VERSION  # the newest: raised when an older reader could not use a model; keys that it may ignore are added without

Count = Annotated[int, Field(ge=1)]


class Entry(BaseModel):
    """A part of MODEL.json: immutable; keys that a later version of the project added are passed over."""

    model_config = ConfigDict(frozen=True, extra="ignore", protected_namespaces=())


class MeasuredScore(Entry):
    """A score of this very artefact, with what is needed to measure it again."""

    metric: str
    score: float
    signature: str
    set: str
    beam: int


class TrainingRecord(Entry):
    """How the weights came about."""

    updates: int
    seconds: float
    seed: int
    commit: str | None = None
    hardware: str | None = None


class MemberRecord(TrainingRecord):
    """A run that takes part in an ensemble."""

    name: str


class Limits(Entry):
    """What the model accepts and gives at most."""

    max_source_pieces: Count = Field(description="source pieces of one sentence, EOS not counted; longer text is split before")
    max_steps: Count = Field(description="target pieces of one hypothesis")
    length_factor: Annotated[float, Field(gt=0.0)] | None = Field(None, description="with length_offset, each sentence's own limit of")
    length_offset: Count | None = Field(None, description="steps: factor · source pieces + offset; a SavedModel has both in its graph")


class SearchDefaults(Entry):
    """The search that a call gets unless it says otherwise."""

    beam_size: Count
    length_penalty: Annotated[float, Field(ge=0.0)]
    coverage_penalty: Annotated[float, Field(ge=0.0)] = Field(0.0, description="0 in models that say nothing of it")
    copy_untranslatable: bool = Field(False, description="copy what has no letter; false in models that say nothing of it")


class CorpusRecord(Entry):
    """A text that the model has learnt from."""

    name: str
    licence: str | None = None
    sha256: dict[str, str] = Field(default={}, description="of each of its files, by name")


class Conversion(Entry):
    """How a smaller model came of a larger one, and what that cost."""

    format: str
    weights: str = Field(description="int8, float16 or float32")
    bytes: Count = Field(description="of the file of the model")
    float32_bytes: Count = Field(description="of all weights before")
    float32_bleu: float | None = Field(None, description="of the model before, on the lines of the score on `valid`")


class Tuning(Entry):
    """Where the search that a model comes with was chosen, where that was after its export."""

    set: str
    lines: Count
    signature: str = Field(description="of all BLEU scores here")
    version: int = Field(description="of the model that was tuned, with the search that it had")
    before: float
    after: float
    p_value: float = Field(description="of their difference, by paired bootstrap")
    trials: tuple[dict[str, float], ...] = Field(description="each search that was tried: its settings, BLEU, seconds")


class Manifest(Entry):
    """MODEL.json."""

    format_version: int
    name: str
    source: str
    target: str
    directions: tuple[tuple[str, str], ...] = Field((), description="source and target of each, the main one first")
    target_tags: bool = Field(False, description="each source begins with the tag of its target language, <2de>")
    corpus_tags: tuple[str, ...] = Field((), description="what else a source may begin with, as data.mix has it")
    scores: tuple[MeasuredScore, ...] = ()
    training: TrainingRecord
    members: tuple[MemberRecord, ...] = Field((), description="of an ensemble; then `training` has the sums of their updates and seconds")
    versions: dict[str, str]
    limits: Limits
    search: SearchDefaults
    corpora: tuple[CorpusRecord, ...] = ()
    conversion: Conversion | None = None
    tuning: Tuning | None = None
    files: dict[str, str] = Field(description="sha256 of each file of the folder but MODEL.json, by path relative to it")

    @model_validator(mode="before")
    @classmethod
    def _one_direction_of_old(cls, found: Any) -> Any:
        """Models that say nothing of directions have one."""
        if isinstance(found, dict) and not found.get("directions") and {"source", "target"} <= found.keys():
            return found | {"directions": [(found["source"], found["target"])]}
        return found

    @model_validator(mode="after")
    def _main_first(self) -> Self:
        if self.directions[0] != (self.source, self.target):
            raise ValueError(f"directions begin with {' → '.join(self.directions[0])}, expected {self.source} → {self.target}")
        if len(self.directions) > 1 and not self.target_tags:
            raise ValueError(f"{len(self.directions)} directions without target_tags: nothing tells them apart")
        return self


@dataclass(frozen=True)
class ModelDirectory:
    """A folder with a MODEL.json that can be read."""

    path: Path
    manifest: Manifest

    def verify_files(self) -> None:
        """Check that every published file is there and is the one that was published.

        Raises:
            ModelError: one is missing or differs; names it.
        """
        for name, expected in self.manifest.files.items():
            with _readable(self.path, name).open("rb") as stream:
                found = hashlib.file_digest(stream, "sha256").hexdigest()
            if found != expected.lower():
                raise ModelError(f"model {self.path} is damaged: {name} has sha256 {found}, {MANIFEST_FILE} says {expected}; copy it again")

    def golden_lines(self) -> dict[str, str]:
        """Sentences and what the model made of them when it was published, with its own search; none in models that say nothing of it.

        Raises:
            ModelError: not what an export writes.
        """
        path = self.path / GOLDEN_FILE
        if not path.is_file():
            return {}
        try:
            return TypeAdapter(dict[str, str]).validate_json(path.read_bytes())
        except ValidationError as error:
            raise ModelError(f"{path} is not a JSON object of sentences and translations; copy the model again") from error

    @property
    def is_litert(self) -> bool:
        """Whether it is a model for LiteRT, which needs no TensorFlow."""
        return (self.path / LITERT_FILE).is_file()

    @property
    def version(self) -> int:
        """The number that the folder is called by; 1 where it is called otherwise."""
        return int(self.path.name) if _is_version(self.path) else 1

    def check_files(self) -> None:
        """Check only that every published file is there: what a quick start can afford."""
        for name in self.manifest.files:
            _readable(self.path, name)


def find_model_directory(model: str | Path) -> ModelDirectory:
    """Resolve MODEL and read its MODEL.json.

    Raises:
        ModelError: nothing there, no model in it, or a MODEL.json that cannot be read.
    """
    folder = model_versions(model)[0]
    return ModelDirectory(folder, read_manifest(folder / MANIFEST_FILE))


def model_versions(model: str | Path) -> list[Path]:
    """Return the folders with a MODEL.json that MODEL names, the one that is meant first: a MODEL_DIR alone, or versions from the highest.

    Raises:
        ModelError: nothing there, or no model in it.
    """
    path = Path(model).expanduser()
    if not path.is_dir():
        problem = "is not a folder" if path.exists() else "does not exist"
        raise ModelError(f"no model at {path}: it {problem}; expected a model, a run or a folder of versions")
    for folders in ([path], _versions(path / EXPORT_FOLDER), _versions(path)):
        if found := [folder for folder in folders if (folder / MANIFEST_FILE).is_file()]:
            return found
    if (path / "checkpoints").is_dir():
        raise ModelError(
            f"run {path} has no export yet: looked for {path / EXPORT_FOLDER}/<n>/{MANIFEST_FILE}; make one with nmt export {path}"
        )
    if (path / STRINGS_EXTRA_FOLDER / MANIFEST_FILE).is_file() or any(
        (one / STRINGS_EXTRA_FOLDER / MANIFEST_FILE).is_file() for one in _versions(path)
    ):
        raise ModelError(f"{path} is a strings export, which is for TensorFlow Serving; name the model that it was made from")
    inside = [child.name for child in sorted(path.iterdir()) if any((one / MANIFEST_FILE).is_file() for one in (child, *_versions(child)))]
    if inside:
        raise ModelError(f"{path} is not a model but a folder of models: name one of them, as in {path / inside[0]}")
    raise ModelError(f"{path} is not a model: looked for {MANIFEST_FILE} in it, in its {EXPORT_FOLDER}/<n>/ and in its <n>/")


def read_manifest(path: Path) -> Manifest:
    """Read and validate a MODEL.json.

    Raises:
        ModelError: unreadable, of a newer format, or not what the format says; one line.
    """
    try:
        text = path.read_bytes()
    except OSError as error:
        raise ModelError(f"cannot read {path}: {error.strerror}") from error
    try:
        manifest = Manifest.model_validate_json(text)
    except ValidationError as error:
        version = _format_version(text)
        if isinstance(version, int) and version > FORMAT_VERSION:
            raise ModelError(_too_new(path, version)) from error
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ModelError(f"{path} is not a model description: {where + ': ' if where else ''}{first['msg']}") from error
    if manifest.format_version > FORMAT_VERSION:
        raise ModelError(_too_new(path, manifest.format_version))
    return manifest


def file_hashes(folder: Path) -> dict[str, str]:
    """Return the sha256 of each file under a folder but MODEL.json, by its path relative to it: the `files` of a manifest."""
    hashes = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and name != MANIFEST_FILE:
            with path.open("rb") as stream:
                hashes[name] = hashlib.file_digest(stream, "sha256").hexdigest()
    return hashes


def _versions(folder: Path) -> list[Path]:
    """Return the integer versions in a folder, the highest first; half-written ones (.tmp-*) have no integer name."""
    if not folder.is_dir():
        return []
    return sorted(filter(_is_version, folder.iterdir()), key=lambda child: int(child.name), reverse=True)


def _is_version(folder: Path) -> bool:
    return folder.name.isascii() and folder.name.isdecimal()


def _readable(folder: Path, name: str) -> Path:
    relative = PurePosixPath(name)
    if relative.is_absolute() or ".." in relative.parts:
        raise ModelError(f"model {folder}: {MANIFEST_FILE} lists {name!r}, which lies outside the model")
    path = folder / relative
    if not path.is_file():
        raise ModelError(f"model {folder} is incomplete: {name} is missing; copy the whole folder again")
    return path


def _format_version(text: bytes) -> Any:
    class Version(Entry):
        format_version: int

    try:
        return Version.model_validate_json(text).format_version
    except ValidationError:
        return None


def _too_new(path: Path, version: int) -> str:
    return f"{path} has format version {version}, this nmt reads up to {FORMAT_VERSION}: upgrade carousel-nmt"
