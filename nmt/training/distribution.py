"""The only file that names a tf.distribute strategy."""

from dataclasses import dataclass
from typing import Any, Literal

import tensorflow as tf

from nmt.errors import ConfigError, RunError
from nmt.workers import Workers

JOB = "worker"


@dataclass(frozen=True)
class Distribution:
    """Where replicas of the model live."""

    strategy: Any
    replicas: int
    description: str
    """For the start-up line."""


def make_distribution(name: Literal["auto", "none", "mirrored", "multi_worker"]) -> Distribution:
    """Choose devices of this machine: all GPUs that are visible, else the CPU; GPU memory grows as needed.

    A multi_worker run of one worker is a run on one machine, as with auto.

    Raises:
        ConfigError: `mirrored` with fewer than two devices of one kind.
    """
    gpus = tf.config.list_physical_devices("GPU")
    for gpu in gpus:
        tf.config.experimental.set_memory_growth(gpu, True)
    devices = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
    kind = "GPU" if gpus else "CPU"
    if name == "mirrored" and len(devices) < 2:
        raise ConfigError(f"training.distribution mirrored needs at least two devices, found {len(devices)} {kind}; set it to auto or none")
    if name == "mirrored" or (name in {"auto", "multi_worker"} and gpus and len(devices) > 1):
        return Distribution(tf.distribute.MirroredStrategy([d.name for d in devices]), len(devices), f"{len(devices)} {kind} replicas")
    return Distribution(tf.distribute.get_strategy(), 1, f"1 {kind}")


def join_workers(workers: Workers) -> Distribution:
    """Make this process one of several; to be called before TensorFlow runs its first operation. It does not wait for the others.

    Each worker has replicas on all of its visible GPUs (the same number everywhere), else one on its CPU. Sums over all of them go through
    NCCL on GPUs, and through a ring of gRPC calls on CPUs.

    Raises:
        RunError: this worker's port cannot be had.
    """
    # No public name leads to this setting: TensorFlow's own coordination service ends a run when a worker leaves, however rightly, and its
    # older health check looks every 30 s; nmt/training/cluster.py does both.
    from tensorflow.python.distribute.collective_all_reduce_strategy import CollectiveAllReduceExtended
    from tensorflow.python.eager import context

    context.context().configure_coordination_service("")
    CollectiveAllReduceExtended._enable_check_health = False
    gpus = tf.config.list_physical_devices("GPU")
    for gpu in gpus:
        tf.config.experimental.set_memory_growth(gpu, True)
    resolver = tf.distribute.cluster_resolver.SimpleClusterResolver(
        tf.train.ClusterSpec({JOB: list(workers.addresses)}),
        task_type=JOB,
        task_id=workers.index,
        num_accelerators={"GPU": len(gpus)},
        rpc_layer="grpc",
    )
    implementation = tf.distribute.experimental.CommunicationImplementation
    options = tf.distribute.experimental.CommunicationOptions(implementation=implementation.NCCL if gpus else implementation.RING)
    try:
        strategy = tf.distribute.MultiWorkerMirroredStrategy(resolver, options)
    except tf.errors.OpError as error:
        address = workers.addresses[workers.index]
        raise RunError(f"worker {workers.index} cannot listen at {address}: {error.message}; another process may have the port") from error
    kind = f"{len(gpus)} GPU" if gpus else "1 CPU"
    return Distribution(strategy, strategy.num_replicas_in_sync, f"{len(workers.addresses)} workers, {kind} replicas each")


def is_well(index: int, timeout_seconds: float) -> bool:
    """Whether another worker's TensorFlow answers; a thread of its own does, however busy the worker is."""
    from tensorflow.python.eager import context

    try:
        context.context().check_collective_ops_peer_health(f"/job:{JOB}/replica:0/task:{index}", int(1000 * timeout_seconds))
    except tf.errors.OpError:
        return False
    return True
