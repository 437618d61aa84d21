"""The workers of a Slurm job step, from the variables that srun gives each of its tasks."""

import os
import re

import tensorflow as tf

from nmt.errors import ConfigError
from nmt.workers import Workers

FIRST_PORT, PORTS = 10_000, 20_000
"""A job's ports begin at a place of its own, so that two jobs on one node do not meet."""


def workers_of_slurm() -> Workers:
    """One worker for each task of this job step, in the order of Slurm's ranks.

    Raises:
        ConfigError: the ranks do not lie on the nodes one block after the other, as srun lays them unless told otherwise.
    """
    tasks = int(os.environ["SLURM_STEP_NUM_TASKS"])
    # GPUs are Slurm's to give: it sets CUDA_VISIBLE_DEVICES. The resolver lists no task without one, so each is said to have one.
    resolver = tf.distribute.cluster_resolver.SlurmClusterResolver(
        port_base=FIRST_PORT + int(os.environ.get("SLURM_JOB_ID", "0")) % PORTS, gpus_per_node=tasks, gpus_per_task=1, auto_set_gpu=False
    )
    # It sorts hosts as text, n10 before n2; Slurm ranks them by their numbers.
    addresses = sorted(resolver.cluster_spec().job_tasks("worker"), key=_by_numbers)
    workers = Workers(tuple(addresses), resolver.task_id)
    own, expected = os.environ.get("SLURMD_NODENAME"), addresses[workers.index].rpartition(":")[0]
    if own and own != expected:
        raise ConfigError(
            f"Slurm task {workers.index} runs on {own}, expected {expected}: start the step with srun --distribution=block, "
            "or name the workers with --workers and --index"
        )
    return workers


def _by_numbers(text: str) -> list[tuple[bool, int, str]]:
    return [(part.isdecimal(), int(part) if part.isdecimal() else 0, part) for part in re.findall(r"\d+|\D+", text)]
