"""Load TensorFlow and Keras as this project wants them: Keras on TensorFlow, and no start-up chatter between a person and the work."""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager


def choose_backend() -> None:
    """Have Keras run on TensorFlow, whatever the user's own settings of Keras say; it reads this once, at its first import."""
    os.environ["KERAS_BACKEND"] = "tensorflow"


def load_backend() -> None:
    """Import TensorFlow, once. What its C++ side prints meanwhile is shown only if the import fails: no setting keeps it silent."""
    choose_backend()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # read once by TensorFlow, at its first import
    if "tensorflow" in sys.modules:
        return
    with standard_error_kept():
        import tensorflow  # noqa: F401


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
