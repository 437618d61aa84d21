"""Who takes part in a run of several processes: the workers' addresses, and which of them this process is."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nmt.errors import ConfigError

TF_CONFIG = "TF_CONFIG"


@dataclass(frozen=True)
class Workers:
    """All workers of a run in one order, the same in each of them."""

    addresses: tuple[str, ...]
    """host:port of each."""
    index: int
    """Of this process."""

    @property
    def chief(self) -> bool:
        """Whether this process prepares the data and writes everything that a run leaves on disk: the first one does."""
        return self.index == 0

    def name(self, index: int) -> str:
        """A worker as a message calls it."""
        return f"worker {index} ({self.addresses[index]})"


def parse_workers(addresses: str, index: int | None) -> Workers:
    """Read `--workers host:port,host:port --index i`.

    Raises:
        ConfigError: an address that is none, or an index of nobody.
    """
    if index is None:
        raise ConfigError("--workers needs --index: the place of this process in the list, 0 for the first")
    return _checked([address.strip() for address in addresses.split(",")], index, "--workers", "--index")


def workers_of_tf_config(environment: Mapping[str, str]) -> Workers | None:
    """Read TF_CONFIG, as Kubeflow and others set it: `{"cluster": {"worker": ["host:port", …]}, "task": {"type": "worker", "index": 0}}`.

    A chief, where there is one, comes before the workers.

    Raises:
        ConfigError: it is not of this form.
    """
    text = environment.get(TF_CONFIG, "").strip()
    if not text:
        return None
    try:
        found: Any = json.loads(text)
        cluster, task = found.get("cluster") or {}, found.get("task") or {}
        if not cluster:
            return None
        if unknown := sorted(cluster.keys() - {"chief", "worker"}):
            raise ConfigError(f"{TF_CONFIG} has tasks of type {unknown[0]}; a run knows workers and one chief")
        chiefs, workers = list(cluster.get("chief", ())), list(cluster.get("worker", ()))
        index = int(task["index"]) + (len(chiefs) if task["type"] == "worker" else 0)
        if task["type"] not in cluster:
            raise ConfigError(f"{TF_CONFIG} says that this process is a {task['type']}, but its cluster has only {', '.join(cluster)}")
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        form = '{"cluster": {"worker": ["host:port", …]}, "task": {"type": "worker", "index": 0}}'
        raise ConfigError(f"cannot read {TF_CONFIG} ({type(error).__name__}: {error}); expected {form}") from error
    return _checked([*chiefs, *workers], index, TF_CONFIG, f"the index in {TF_CONFIG}")


def in_slurm_step(environment: Mapping[str, str]) -> bool:
    """Whether Slurm's srun started this process."""
    return {"SLURM_PROCID", "SLURM_STEP_NUM_TASKS", "SLURM_STEP_NODELIST", "SLURM_STEP_TASKS_PER_NODE"} <= environment.keys()


def _checked(addresses: list[Any], index: int, whence: str, whose: str) -> Workers:
    for address in addresses:
        host, colon, port = str(address).rpartition(":")
        if not (host and colon and port.isdecimal() and 0 < int(port) < 2**16):
            raise ConfigError(f"{whence}: {address!r} is not an address; expected host:port,host:port with ports from 1 to 65535")
    if twice := sorted({address for address in addresses if addresses.count(address) > 1}):
        raise ConfigError(f"{whence}: {twice[0]} is there twice; each worker has an address of its own")
    if not 0 <= index < len(addresses):
        raise ConfigError(f"{whose} is {index}, but {whence} names {len(addresses)} workers: expected 0 to {len(addresses) - 1}")
    return Workers(tuple(map(str, addresses)), index)
