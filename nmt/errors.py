"""The kinds of failure a person can be told about; every one carries one clear line and the exit code of the command line."""


class NmtError(Exception):
    """What was expected, what came, what to do, in one line. The command line prints it and exits with `exit_code`."""

    exit_code = 2


class ConfigError(NmtError):
    """A config file, a `--set` override or a combination of settings that cannot be used."""


class CorpusError(NmtError):
    """Parallel text that is missing, damaged or unequal; names the file and, where there is one, the line."""


class TokenizerError(NmtError):
    """A SentencePiece model that cannot be trained or loaded."""


class WordVectorError(NmtError):
    """Pretrained word vectors that are missing, damaged, of another width than the embeddings, or of no word of the vocabulary."""


class ModelError(NmtError):
    """A directory that is not a model, or a model that does not fit what is asked of it."""


class RunError(NmtError):
    """A run directory that cannot be used: locked by another process, or belonging to another config."""


class ExportError(NmtError):
    """An export that did not pass its own verification and was not published."""


class PictureError(NmtError):
    """A picture that cannot be drawn or stored."""


class DivergedError(NmtError):
    """Training produced non-finite updates beyond the limit; the last good checkpoint is kept."""

    exit_code = 3


class LostWorkerError(NmtError):
    """Another worker of the run has died, was stopped or cannot be reached; the last checkpoint is kept."""

    exit_code = 3


class OutOfMemory(NmtError):  # noqa: N818 - named as everyone names it
    """TensorFlow found no more memory, on the machine or on its GPU; names the settings that need less."""


class InterruptedRun(NmtError):  # noqa: N818 - not a fault: a signal asked for it
    """A signal ended the run after its state was saved; exits with 128 + the signal's number, as a shell would."""

    def __init__(self, message: str, signal_number: int) -> None:
        super().__init__(message)
        self.exit_code = 128 + signal_number
