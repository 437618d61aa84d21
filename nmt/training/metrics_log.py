"""The run's figures: `metrics.jsonl`, one object a line, and the same numbers for TensorBoard."""

import errno
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import tensorflow as tf

from nmt.run_directory import RunDirectory


class MetricsLog:
    """Appends to both; on resume, lines written after the checkpoint are cut off, so that none is double."""

    def __init__(self, run: RunDirectory, keep_bytes: int) -> None:
        self.path: Path = run.metrics
        self.cut(keep_bytes)
        self.tensorboard = run.tensorboard
        with self._disk():
            self.writer = tf.summary.create_file_writer(str(run.tensorboard))

    def write(self, kind: str, update: int, **values: Any) -> None:
        """Add one line; numbers also go to TensorBoard as `kind/name`."""
        line = json.dumps({"kind": kind, "update": update, **values}, ensure_ascii=False)
        try:
            with self.path.open("a", encoding="utf-8") as file:
                file.write(line + "\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            error.filename = error.filename or str(self.path)  # a full disk does not say which file it was
            raise
        # The kernel op needs no TensorBoard package, which only a reader of the curves has to install.
        with self._disk():
            for name, value in values.items():
                if isinstance(value, int | float):
                    resource = self.writer._resource
                    tf.raw_ops.WriteScalarSummary(writer=resource, step=update, tag=f"{kind}/{name}", value=float(value))
            self.writer.flush()

    @contextmanager
    def _disk(self) -> Iterator[None]:
        """A full disk is the same error whoever finds it."""
        try:
            yield
        except tf.errors.ResourceExhaustedError as error:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.tensorboard)) from error

    def cut(self, keep_bytes: int) -> None:
        """Forget the lines of updates that are done once more."""
        with self.path.open("ab") as file:
            file.truncate(keep_bytes)

    @property
    def size(self) -> int:
        """Bytes of metrics.jsonl, to be saved with a checkpoint."""
        return self.path.stat().st_size


class SilentLog(MetricsLog):
    """Of a worker that is not the chief: the chief writes for all."""

    def __init__(self) -> None:
        """Open nothing."""

    def write(self, kind: str, update: int, **values: Any) -> None:
        """Write nothing."""

    def cut(self, keep_bytes: int) -> None:
        """Nothing was written."""

    @property
    def size(self) -> int:
        """Nothing is written."""
        return 0
