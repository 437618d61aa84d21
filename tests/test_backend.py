"""TensorFlow is loaded without its chatter, and Keras runs on it whatever the user's own settings say."""

import os
import subprocess
import sys
from pathlib import Path


def run(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, env=os.environ | environment)


def test_loading_is_silent_and_keras_is_on_tensorflow() -> None:
    code = "from nmt.backend import load_backend; load_backend(); import keras; print(keras.backend.backend())"
    done = run(code, KERAS_BACKEND="jax")
    assert (done.stdout, done.stderr) == ("tensorflow\n", "")


def test_a_broken_tensorflow_shows_what_it_said(tmp_path: Path) -> None:
    (tmp_path / "tensorflow.py").write_text("import os\nos.write(2, b'libfoo.so is missing\\n')\nraise ImportError('no tensorflow')\n")
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    done = run("from nmt.backend import load_backend; load_backend()", PYTHONPATH=path)
    assert done.returncode == 1
    assert "libfoo.so is missing" in done.stderr
    assert "ImportError: no tensorflow" in done.stderr
