"""The files that start a training on several machines say what the command line takes. Nothing of them has run on a real cluster here."""

import itertools
import os
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from nmt.config_file import find_config, load_config
from nmt.workers import parse_workers

DEPLOY = Path(__file__).resolve().parent.parent / "deploy"
SLURM = DEPLOY / "train.slurm"


def submit(tmp_path: Path, code: int, *arguments: str, restarts: int = 0) -> tuple[int, list[str], str]:
    """Run the batch script with an srun that notes its arguments and ends with `code`: exit code, those arguments, what was requeued."""
    for name, body in {"srun": f'printf "%s\\n" "$@" > srun.txt; exit {code}', "scontrol": 'echo "$@" > scontrol.txt'}.items():
        (tmp_path / name).write_text(f"#!/bin/bash\n{body}\n")
        (tmp_path / name).chmod(0o755)
    variables = os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}", "SLURM_JOB_ID": "7", "SLURM_RESTART_COUNT": str(restarts)}
    done = subprocess.run(["bash", str(SLURM), *arguments], cwd=tmp_path, env=variables, check=False)
    requeued = tmp_path / "scontrol.txt"
    words = (tmp_path / "srun.txt").read_text().splitlines()
    return done.returncode, words[words.index("nmt") :], requeued.read_text().strip() if requeued.exists() else ""


def test_the_batch_script_is_bash() -> None:
    done = subprocess.run(["bash", "-n", str(SLURM)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_its_command_trains_the_config_over_several_workers(tmp_path: Path) -> None:
    code, words, requeued = submit(tmp_path, 0)
    assert (code, requeued) == (0, "")
    assert words[:3] == ["nmt", "train", "wmt14_en_de_gnmt"]
    assert words[words.index("--run-dir") + 1] == "runs/wmt14_en_de_gnmt"
    overrides = [after for word, after in itertools.pairwise(words) if word == "--set"]
    assert load_config(find_config(words[2]), overrides).training.distribution == "multi_worker"


@pytest.mark.parametrize(
    ("ended", "restarts", "requeued"), [(3, 0, "requeue 7"), (143, 19, "requeue 7"), (137, 0, "requeue 7"), (2, 0, ""), (3, 20, "")]
)
def test_what_can_carry_on_goes_back_into_the_queue(tmp_path: Path, ended: int, restarts: int, requeued: str) -> None:
    code, words, found = submit(tmp_path, ended, "/a/mine.yaml", "/b/run", restarts=restarts)
    assert (code, found) == (ended, requeued)
    assert words[2:5] == ["/a/mine.yaml", "--run-dir", "/b/run"]


def job_set() -> dict[str, Any]:
    documents = list(yaml.safe_load_all((DEPLOY / "train-jobset.yaml").read_text(encoding="utf-8")))
    (found,) = [document for document in documents if document["kind"] == "JobSet"]
    return dict(found)


def test_the_pods_of_the_job_set_are_the_workers() -> None:
    """A pod's name in the DNS: <job set>-<job>-<number of the job>-<index>.<subdomain>."""
    spec = job_set()["spec"]
    (job,) = spec["replicatedJobs"]
    jobs = job["template"]["spec"]
    assert (jobs["completionMode"], jobs["completions"]) == ("Indexed", jobs["parallelism"])
    (container,) = jobs["template"]["spec"]["containers"]
    values = {variable["name"]: variable["value"] for variable in container["env"]}
    pods = [f"{job_set()['metadata']['name']}-{job['name']}-0-{index}" for index in range(jobs["completions"])]
    port = container["ports"][0]["containerPort"]
    assert parse_workers(values["WORKERS"], 0).addresses == tuple(f"{pod}.{spec['network']['subdomain']}:{port}" for pod in pods)
    (script,) = container["args"]
    words = shlex.split(script)
    assert words[:4] == ["exec", "nmt", "train", "$CONFIG"]
    assert {"$" + name for name in ("CONFIG", "RUN_DIR", "WORKERS", "JOB_COMPLETION_INDEX")} <= set(words)
    assert load_config(find_config(values["CONFIG"])).training.distribution == "auto"
    mounts = {mount["mountPath"] for mount in container["volumeMounts"]}
    assert values["RUN_DIR"].startswith("/runs/")
    assert "/runs" in mounts


def test_one_worker_that_fails_restarts_all_but_a_mistake_ends_the_job_set() -> None:
    spec = job_set()["spec"]
    jobs = spec["replicatedJobs"][0]["template"]["spec"]
    assert jobs["backoffLimit"] == 0
    assert jobs["template"]["spec"]["restartPolicy"] == "Never"
    assert jobs["podFailurePolicy"]["rules"][0]["onExitCodes"] == {"operator": "In", "values": [2]}
    assert spec["failurePolicy"]["rules"][0]["onJobFailureReasons"] == ["PodFailurePolicy"]


def test_the_recipe_for_wmt14_has_only_cells_of_cudnn() -> None:
    model = load_config(find_config("wmt14_en_de_gnmt")).model
    assert (model.cell, model.decoder, model.encoder) == ("lstm", "whole_target", "gnmt")
