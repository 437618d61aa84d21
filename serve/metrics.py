"""Prometheus metrics, labelled by model, version, API and status alone: never by key, address or text."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.gc_collector import GCCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_ROWS = (1, 2, 4, 8, 16, 24, 32, 48, 64)
_PIECES = (8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096)
_MODEL = ("model", "version")


class Metrics:
    """All collectors of one server, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        GCCollector(registry=registry)

        def counter(name: str, text: str, labels: Sequence[str] = ()) -> Counter:
            return Counter(name, text, labels, registry=registry)

        def gauge(name: str, text: str, labels: Sequence[str] = ()) -> Gauge:
            return Gauge(name, text, labels, registry=registry)

        def histogram(name: str, text: str, buckets: Sequence[float], labels: Sequence[str] = ()) -> Histogram:
            return Histogram(name, text, labels, buckets=buckets, registry=registry)

        self.requests = counter("nmt_requests_total", "requests answered", ("api", *_MODEL, "status"))
        self.duration = histogram("nmt_request_duration_seconds", "from the first byte to the answer", _SECONDS, ("api",))
        self.flying = gauge("nmt_requests_in_flight", "requests that are not answered yet")
        self.queue_entries = gauge("nmt_queue_entries", "sentences that wait", _MODEL)
        self.queue_tokens = gauge("nmt_queue_tokens", "source pieces that wait", _MODEL)
        self.queue_wait = histogram("nmt_queue_wait_seconds", "how long a sentence waited", _SECONDS, _MODEL)
        self.batch_rows = histogram("nmt_batch_rows", "sentences of a batch", _ROWS, _MODEL)
        self.batch_tokens = histogram("nmt_batch_tokens", "source pieces of a batch, padding counted", _PIECES, _MODEL)
        self.padding = histogram("nmt_batch_padding_ratio", "share of padding in a batch", (0.0, 0.05, 0.1, 0.2, 0.3, 0.5, 0.8), _MODEL)
        self.inference = histogram("nmt_inference_duration_seconds", "one batch", _SECONDS, _MODEL)
        self.source_tokens = counter("nmt_source_tokens_total", "source pieces translated", _MODEL)
        self.target_tokens = counter("nmt_target_tokens_total", "target pieces given", _MODEL)
        self.characters = counter("nmt_characters_total", "characters of texts taken", _MODEL)
        self.rejected = counter("nmt_rejected_total", "requests that were not let in", ("reason",))
        self.dropped = counter("nmt_dropped_total", "sentences for which nobody waited any more", ("reason",))
        self.repetitions = counter("nmt_repetitions_cut_total", "sentences in which the repetition guard cut a loop", _MODEL)
        self.divided = counter("nmt_sentences_divided_total", "sentences longer than the model takes, cut at clauses", _MODEL)
        self.loaded = gauge("nmt_model_loaded", "1 while a version is served", _MODEL)
        self.failures = counter("nmt_model_load_failures_total", "versions that were refused", ("model",))
        self.cache_hits = counter("nmt_cache_hits_total", "sentences answered from memory", _MODEL)

    def text(self) -> bytes:
        """The exposition format."""
        return generate_latest(self.registry)

    @contextmanager
    def in_flight(self) -> Iterator[None]:
        """Count one request while it lasts."""
        self.flying.inc()
        try:
            yield
        finally:
            self.flying.dec()

    def request(self, api: str, model: str, version: int, status: int, seconds: float) -> None:
        """One request was answered."""
        self.requests.labels(api, model, str(version) if model else "", str(status)).inc()
        self.duration.labels(api).observe(seconds)

    def model_loaded(self, name: str, version: int, loaded: bool) -> None:
        """A version begins or ends to be served."""
        self.loaded.labels(name, str(version)).set(int(loaded))

    def model_refused(self, name: str) -> None:
        """A version could not be taken."""
        self.failures.labels(name).inc()


class ModelMetrics:
    """What one version's batcher tells: `serve.batcher.BatchObserver`."""

    def __init__(self, metrics: Metrics, name: str, version: int) -> None:
        labels = name, str(version)
        self._entries, self._tokens = metrics.queue_entries.labels(*labels), metrics.queue_tokens.labels(*labels)
        self._wait, self._rows = metrics.queue_wait.labels(*labels), metrics.batch_rows.labels(*labels)
        self._batch_tokens, self._padding = metrics.batch_tokens.labels(*labels), metrics.padding.labels(*labels)
        self._inference, self._source = metrics.inference.labels(*labels), metrics.source_tokens.labels(*labels)
        self._hits, self._dropped = metrics.cache_hits.labels(*labels), metrics.dropped

    def batch_done(self, rows: int, pieces: int, padded: int, seconds: float, waits: Sequence[float]) -> None:
        """See `BatchObserver`."""
        self._rows.observe(rows)
        self._batch_tokens.observe(padded)
        self._padding.observe(1 - pieces / padded)
        self._inference.observe(seconds)
        self._source.inc(pieces)
        for wait in waits:
            self._wait.observe(wait)

    def queue_changed(self, entries: int, pieces: int) -> None:
        """See `BatchObserver`."""
        self._entries.set(entries)
        self._tokens.set(pieces)

    def dropped(self, reason: str, count: int) -> None:
        """See `BatchObserver`."""
        self._dropped.labels(reason).inc(count)

    def cache_hit(self, count: int) -> None:
        """See `BatchObserver`."""
        self._hits.inc(count)
