"""What this machine can do: the rate of bare matrix products of the model's own sizes, and how fast it reads memory."""

import statistics
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import tensorflow as tf

from nmt.bench.figures import rounded
from nmt.tensors import Tensor

_SECONDS = 0.2
"""Of one measurement: thousands of times what the clock can tell."""

_READ_BYTES = 2**28
"""More than any cache holds."""


class Product(NamedTuple):
    """A matrix product [m, k] times [k, n]."""

    m: int
    k: int
    n: int

    def __str__(self) -> str:
        return f"[{self.m}, {self.k}]·[{self.k}, {self.n}]"

    @property
    def flops(self) -> int:
        """2·m·n·k."""
        return 2 * self.m * self.k * self.n


class GemmRates:
    """The float32 `tf.matmul` rates of some products, a measurement of each at every call of `measure`.

    The same two matrices are multiplied again and again, so that they lie in the cache as far as it holds them: that favours the bare
    product over the model, and the model's share is rather too low than too high.
    """

    def __init__(self, products: Mapping[str, Product]) -> None:
        """Make the matrices.

        Args:
            products: by what the model uses them for.
        """
        self.products = dict(products)
        self.rates: dict[str, list[float]] = {name: [] for name in products}
        self._matrices = {name: (_matrix(one.m, one.k), _matrix(one.k, one.n)) for name, one in products.items()}
        for a, b in self._matrices.values():
            _wait(tf.matmul(a, b))  # kernels are chosen at the first call

    def measure(self) -> None:
        """Add one rate of each product, in GFLOP/s."""
        for name, (a, b) in self._matrices.items():
            count, started = 0, time.perf_counter()
            while (seconds := time.perf_counter() - started) < _SECONDS:
                for _ in range(4):
                    result = tf.matmul(a, b)
                _wait(result)
                count += 4
            self.rates[name].append(count * self.products[name].flops / seconds / 1e9)

    @property
    def best(self) -> str:
        """The product with the highest median: what the model's share is a share of."""
        return max(self.rates, key=lambda name: statistics.median(self.rates[name]))

    def as_dict(self) -> dict[str, Any]:
        """Rates by name, with what each one multiplies."""
        return {name: {"product": str(self.products[name]), "gflops_per_second": rounded(rates)} for name, rates in self.rates.items()}


def read_bandwidth() -> dict[str, Any]:
    """GB/s at which 256 MiB of float32 are read: the better one of a matrix-vector product and a sum, each the best of five."""
    side = 2**13
    matrix, vector = tf.ones([_READ_BYTES // 4 // side, side]), tf.ones([side])
    ways: dict[str, Callable[[], Tensor]] = {
        "matrix-vector product": lambda: tf.linalg.matvec(matrix, vector),
        "sum": lambda: tf.reduce_sum(matrix),
    }
    found = {}
    for name, read in ways.items():
        seconds = []
        for _ in range(6):  # the first one is for warming
            started = time.perf_counter()
            _wait(read())
            seconds.append(time.perf_counter() - started)
        found[name] = _READ_BYTES / min(seconds[1:]) / 1e9
    best = max(found, key=lambda name: found[name])
    return {"gigabytes_per_second": round(found[best], 2), "by": best}


def _matrix(rows: int, columns: int) -> Tensor:
    return tf.random.stateless_normal([rows, columns], seed=[rows, columns])


def _wait(tensor: Tensor) -> None:
    """Until it is computed: a GPU works behind the back of Python."""
    tf.reshape(tensor, [-1])[0].numpy()
