"""A SavedModel is a program: one that could read or write files, or call Python, is not loaded by a server."""

from pathlib import Path

from nmt.errors import ModelError
from nmt.model_directory import SAVED_MODEL_FILE

# What a saver writes and reads variables with (SaveV2, RestoreV2, MergeV2Checkpoints) stays allowed: every SavedModel has it.
_DENIED = {
    "ReadFile", "WriteFile", "MatchingFiles", "WholeFileReader", "WholeFileReaderV2", "TextLineReader", "TextLineReaderV2",
    "FixedLengthRecordReader", "FixedLengthRecordReaderV2", "TFRecordReader", "TFRecordReaderV2", "TFRecordDataset", "TextLineDataset",
    "FixedLengthRecordDataset", "PyFunc", "PyFuncStateless", "EagerPyFunc", "PrintV2", "DebugIdentityV2", "DebugNanCount", "Rpc", "TryRpc",
    "SqlDataset", "LMDBReader", "SaveSlices", "Save", "SaveDatasetV2", "LoadDataset", "CreateSummaryFileWriter", "LookupTableExportV2",
    "InitializeTableFromTextFileV2",
}  # fmt: skip


def check_graph(model_dir: Path) -> None:
    """Look at every operation of a SavedModel.

    Raises:
        ModelError: one that a translation model has no use for; names it.
    """
    from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

    parsed = SavedModel()
    try:
        parsed.ParseFromString((model_dir / SAVED_MODEL_FILE).read_bytes())
    except Exception as error:  # protobuf's own kinds of error differ from version to version
        raise ModelError(f"{model_dir / SAVED_MODEL_FILE} is not a SavedModel; copy the model again") from error
    found = set()
    for meta in parsed.meta_graphs:
        found |= {node.op for node in meta.graph_def.node}
        for function in meta.graph_def.library.function:
            found |= {node.op for node in function.node_def}
    if denied := sorted(found & _DENIED):
        raise ModelError(f"model {model_dir} is refused: its graph holds {', '.join(denied)}, which a translation model has no use for")
