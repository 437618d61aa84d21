"""How fast a model translates, measured batch by batch, and how long a queue will therefore take."""

_MEMORY = 0.9  # weight of the past in the running means


class Speed:
    """Running means of source pieces and of sentences a second; 0 before anything was measured.

    A batch costs something for each piece and something for each sentence. Which of the two decides depends on the texts of the moment, so
    the estimate is the longer of both.
    """

    def __init__(self, pieces_per_second: float = 0.0, sentences_per_second: float = 0.0) -> None:
        self.pieces_per_second, self.sentences_per_second = pieces_per_second, sentences_per_second

    def measured(self, pieces: int, sentences: int, seconds: float) -> None:
        """Take one batch into account."""
        seconds = max(seconds, 1e-6)
        self.pieces_per_second = _mean(self.pieces_per_second, pieces / seconds)
        self.sentences_per_second = _mean(self.sentences_per_second, sentences / seconds)

    def seconds(self, pieces: int, sentences: int) -> float:
        """Estimate how long so much will take; 0 while nothing is known."""
        if not self.pieces_per_second:
            return 0.0
        return max(pieces / self.pieces_per_second, sentences / self.sentences_per_second)


def _mean(past: float, now: float) -> float:
    return past * _MEMORY + now * (1 - _MEMORY) if past else now
