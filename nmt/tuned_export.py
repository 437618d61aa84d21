"""A model with another search of its own: one more version of it, the same graph and weights, written beside and renamed.

Not the model itself: a server may have it loaded, its golden lines are those of its search, and what was tuned may have to be taken back.
"""

import json
import shutil
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from nmt.atomic import next_version, publishing_folder, write_text
from nmt.errors import ExportError
from nmt.model_directory import EXPORT_FOLDER, GOLDEN_FILE, MANIFEST_FILE, ModelDirectory, file_hashes
from nmt.run_directory import RunDirectory
from nmt.translator import Translator


def folder_for(directory: ModelDirectory, to: Path | None) -> Path:
    """The folder of versions that gets the tuned model: `to`, or the one that the model is a version in.

    Raises:
        ExportError: the model is no numbered version, or `to` cannot be a folder.
    """
    path = directory.path.resolve()
    if to is None and not (path.name.isascii() and path.name.isdecimal()):
        raise ExportError(f"{directory.path} is not a numbered version of a model: say with -o DIR which folder gets the tuned one")
    to = to or path.parent
    if blocking := [folder for folder in (to, *to.parents) if folder.exists() and not folder.is_dir()]:
        raise ExportError(f"cannot write to {to}: {blocking[0]} is not a folder; choose another with -o")
    return to


def publish_tuned(directory: ModelDirectory, translator: Translator, record: dict[str, Any], folder: Path) -> Path:
    """Copy a model to the next version of a folder, with the search of a translator over it.

    Args:
        directory: the model; its files are checked against their hashes first.
        translator: over that model, with the search that it is to have.
        record: what else MODEL.json is to say: scores, and how the search was found.
        folder: gets the integer version.

    Returns:
        The MODEL_DIR.

    Raises:
        ModelError: the model is damaged.
        RunError: the folder is that of a run that another process works on.
    """
    directory.verify_files()
    run = RunDirectory(folder.parent)
    of_a_run = folder.name == EXPORT_FOLDER and run.checkpoints.is_dir()
    with run.locked() if of_a_run else nullcontext():  # whoever holds the lock clears away what he finds half written
        folder.mkdir(parents=True, exist_ok=True)
        published = folder / str(next_version(folder))
        with publishing_folder(published) as building:
            shutil.copytree(directory.path, building, dirs_exist_ok=True)
            golden = {line: translator.translate([line])[0] for line in directory.golden_lines()}
            if golden:
                write_text(building / GOLDEN_FILE, json.dumps(golden, indent=1, ensure_ascii=False) + "\n")
            manifest = json.loads((building / MANIFEST_FILE).read_bytes())
            manifest |= record | {"search": translator.search.model_dump(), "files": file_hashes(building)}
            write_text(building / MANIFEST_FILE, json.dumps(manifest, indent=1, ensure_ascii=False) + "\n")
    return published
