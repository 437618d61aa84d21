"""Load TensorFlow and Keras as this project wants them: Keras on TensorFlow, and no start-up chatter between a person and the work."""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from nmt.cpus import available_cpus, runnable_cpus

_chosen_threads: int | None = None
"""For TensorFlow, which whoever needs it first loads, a reader of data sets or the trainer."""


def choose_backend() -> None:
    """Have Keras run on TensorFlow, whatever the user's own settings of Keras say; it reads this once, at its first import."""
    os.environ["KERAS_BACKEND"] = "tensorflow"


def choose_threads(threads: int | None) -> None:
    """Have TensorFlow compute with so many CPU threads once it is loaded; None: its own choice, or a container's limit if that is less."""
    global _chosen_threads  # noqa: PLW0603 - the threads of a process are one thing, as TensorFlow itself is
    _chosen_threads = threads


def set_threads(threads: int, operations: int) -> None:
    """Set the CPU threads of one operation, and how many operations run at once.

    Raises:
        RuntimeError: TensorFlow computes already, with another number.
    """
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(operations)


def load_backend() -> None:
    """Import TensorFlow, once, with the threads that were chosen.

    What its C++ side prints meanwhile is shown only if the import fails: no setting keeps it silent.
    """
    choose_backend()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # read once by TensorFlow, at its first import
    if "tensorflow" in sys.modules:
        return
    with standard_error_kept():
        import tensorflow  # noqa: F401
    # TensorFlow sees the CPUs that it may run on, but not how much of their time a container has: it would start a thread for each of them.
    limit = available_cpus()
    if threads := _chosen_threads or (limit if limit < runnable_cpus() else None):
        set_threads(threads, threads)


def grow_gpu_memory() -> None:
    """Take GPU memory as it is needed, not all at once. TensorFlow heeds this only before its first operation, whoever asks first."""
    import tensorflow as tf

    for gpu in tf.config.list_physical_devices("GPU"):
        tf.config.experimental.set_memory_growth(gpu, True)


@contextmanager
def standard_error_kept() -> Iterator[None]:
    """Send file descriptor 2 to a temporary file, and copy that to standard error if the block raises."""
    sys.stderr.flush()
    own = os.dup(2)
    try:
        with tempfile.TemporaryFile() as kept:
            os.dup2(kept.fileno(), 2)
            try:
                yield
            except BaseException:
                kept.seek(0)
                os.write(own, kept.read())
                raise
            finally:
                os.dup2(own, 2)
    finally:
        os.close(own)
