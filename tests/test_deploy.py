"""The files of deploy/ agree with the server and with each other. No container engine is needed: what is checked can be read."""

import json
import os
import re
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator
from fnmatch import fnmatch
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from serve.settings import PREFIX, Settings

CHECKOUT = Path(__file__).resolve().parent.parent
DEPLOY = CHECKOUT / "deploy"
DOCKERFILE = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
INSTRUCTIONS = re.sub(r"\\\n\s*", "", re.sub(r"^#.*\n", "", DOCKERFILE, flags=re.MULTILINE)).splitlines()
PROJECT = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))
PORT = Settings.model_fields["port"].default

CLOSING_SECONDS = 10
"""After drain and deadline: 5 s for the last answers and 5 s for the models, as serve/server.py has it."""


def instructions(name: str) -> list[str]:
    return [line.removeprefix(name).strip() for line in INSTRUCTIONS if line.startswith(name + " ")]


def image_environment() -> dict[str, str]:
    """What the Dockerfile's ENV sets."""
    return dict(pair.split("=", 1) for line in instructions("ENV") for pair in line.split())


def compose() -> dict[str, Any]:
    (service,) = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))["services"].values()
    return dict(service)


def manifest(kind: str) -> dict[str, Any]:
    found = [one for one in yaml.safe_load_all((DEPLOY / "kubernetes.yaml").read_text(encoding="utf-8")) if one and one["kind"] == kind]
    assert len(found) == 1, kind
    return dict(found[0])


def pod() -> dict[str, Any]:
    return dict(manifest("Deployment")["spec"]["template"]["spec"])


def container() -> dict[str, Any]:
    (only,) = pod()["containers"]
    return dict(only)


def environments() -> dict[str, dict[str, str]]:
    return {"Dockerfile": image_environment(), "compose.yaml": compose()["environment"], "kubernetes.yaml": manifest("ConfigMap")["data"]}


@pytest.fixture(autouse=True)
def no_settings_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(PREFIX + name.upper(), raising=False)


def settings(file: str) -> Settings:
    """The settings of a server that is started with the variables of one of the files, over those of the image."""
    values = environments()["Dockerfile"] | environments()[file]
    given: dict[str, Any] = {name.removeprefix(PREFIX).lower(): value for name, value in values.items() if name.startswith(PREFIX)}
    return Settings(**given)


@pytest.mark.parametrize("file", ["Dockerfile", "compose.yaml", "kubernetes.yaml"])
def test_every_variable_is_a_setting_with_a_value_that_it_takes(file: str) -> None:
    named = set(re.findall(rf"\b{PREFIX}[A-Z_]+", (DEPLOY / file).read_text(encoding="utf-8")))
    assert named - {PREFIX + name.upper() for name in Settings.model_fields} == set()
    assert settings(file).models


def test_all_values_of_an_environment_are_strings() -> None:
    assert {type(value) for values in environments().values() for value in values.values()} == {str}


def test_the_port_is_one() -> None:
    assert {str(PORT)} == {image_environment()["NMT_PORT"], *instructions("EXPOSE")}
    assert [port.rpartition(":")[2] for port in compose()["ports"]] == [str(PORT)]
    assert container()["ports"] == [{"name": "http", "containerPort": PORT}]
    annotations = manifest("Deployment")["spec"]["template"]["metadata"]["annotations"]
    assert annotations["prometheus.io/port"] == str(PORT)
    assert {settings(file).port for file in environments()} == {PORT}


def test_service_probes_and_policy_name_the_port_of_the_container() -> None:
    probes = [container()[probe]["httpGet"] for probe in ("startupProbe", "readinessProbe", "livenessProbe")]
    assert [(probe["path"], probe["port"]) for probe in probes] == [("/readyz", "http"), ("/readyz", "http"), ("/livez", "http")]
    assert [port["targetPort"] for port in manifest("Service")["spec"]["ports"]] == ["http"]
    (rule,) = manifest("NetworkPolicy")["spec"]["ingress"]
    assert [port["port"] for port in rule["ports"]] == ["http"]


def test_a_pod_has_the_time_to_finish() -> None:
    command = container()["lifecycle"]["preStop"]["exec"]["command"]
    assert command[0] == "sleep"
    served = settings("kubernetes.yaml")
    needed = float(command[1]) + served.drain_seconds + served.deadline_seconds + CLOSING_SECONDS
    assert pod()["terminationGracePeriodSeconds"] >= needed


def test_a_container_has_the_time_to_finish() -> None:
    served = settings("compose.yaml")
    grace = re.fullmatch(r"(\d+)s", compose()["stop_grace_period"])
    assert grace
    assert int(grace[1]) >= served.drain_seconds + served.deadline_seconds + CLOSING_SECONDS


@pytest.mark.parametrize("file", ["deploy/Dockerfile", "docs/serving.md"])
def test_who_copies_docker_run_gives_it_that_time_too(file: str) -> None:
    commands = re.findall(r"docker run .*", (CHECKOUT / file).read_text(encoding="utf-8"))
    assert commands
    served = settings("Dockerfile")
    for command in commands:
        timeout = re.search(r"--stop-timeout (\d+)", command)
        assert timeout, command
        assert int(timeout[1]) >= served.drain_seconds + served.deadline_seconds + CLOSING_SECONDS


def test_signals_arrive() -> None:
    (entry,) = instructions("ENTRYPOINT")
    assert json.loads(entry) == ["nmt", "serve"]
    assert instructions("STOPSIGNAL") == ["SIGTERM"]
    assert instructions("CMD") == []


class Livez(BaseHTTPRequestHandler):
    """Answers 200 at /livez to whoever knows the token, as the server does."""

    def do_GET(self) -> None:
        known = self.headers["Authorization"] == "Bearer secret"
        self.send_response(404 if self.path != "/livez" else 200 if known else 401)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def livez_port() -> Iterator[int]:
    with HTTPServer(("127.0.0.1", 0), Livez) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


@pytest.mark.parametrize(("token", "code"), [("secret", 0), ("", 1)])
def test_the_health_check_of_the_image_asks_livez(livez_port: int, token: str, code: int) -> None:
    (line,) = instructions("HEALTHCHECK")
    command = json.loads(line[line.index("CMD") + 3 :])
    assert command[:2] == ["python", "-c"]
    variables = os.environ | {"NMT_PORT": str(livez_port), "NMT_METRICS_TOKEN": token}
    done = subprocess.run([sys.executable, *command[1:]], env=variables, capture_output=True, timeout=30, check=False)
    assert done.returncode == code, done.stderr


def test_nobody_is_root() -> None:
    (user,) = instructions("USER")
    uid, gid = user.split(":")
    assert int(uid) > 0
    security = pod()["securityContext"]
    assert security == {
        "runAsNonRoot": True,
        "runAsUser": int(uid),
        "runAsGroup": int(gid),
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    assert container()["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert (compose()["read_only"], compose()["cap_drop"]) == (True, ["ALL"])


def test_a_pod_knows_nothing_of_the_cluster_and_calls_nobody() -> None:
    assert pod()["automountServiceAccountToken"] is False
    assert pod()["enableServiceLinks"] is False  # a Service called nmt would set NMT_PORT to tcp://...
    policy = manifest("NetworkPolicy")["spec"]
    assert sorted(policy["policyTypes"]) == ["Egress", "Ingress"]
    assert policy["egress"] == []


def test_only_the_home_can_be_written() -> None:
    assert image_environment()["HOME"] == "/tmp"
    assert compose()["tmpfs"] == ["/tmp"]
    volumes = {volume["name"]: volume for volume in pod()["volumes"]}
    mounts = {mount["mountPath"]: mount for mount in container()["volumeMounts"]}
    assert set(mounts) == {"/models", "/tmp"}
    assert "emptyDir" in volumes[mounts["/tmp"]["name"]]
    assert mounts["/models"]["readOnly"] is True
    claim = volumes[mounts["/models"]["name"]]["persistentVolumeClaim"]
    assert claim == {"claimName": manifest("PersistentVolumeClaim")["metadata"]["name"], "readOnly": True}
    (bind,) = [volume for volume in compose()["volumes"] if volume["target"] == "/models"]
    assert bind["read_only"] is True


@pytest.mark.parametrize("file", ["Dockerfile", "compose.yaml", "kubernetes.yaml"])
def test_models_come_from_the_volume(file: str) -> None:
    assert instructions("VOLUME") == ["/models"]
    assert [model for model in settings(file).models if not model.rpartition("=")[2].startswith("/models")] == []


def test_as_many_threads_as_cores_that_may_be_used() -> None:
    assert settings("kubernetes.yaml").threads == int(container()["resources"]["limits"]["cpu"])
    assert settings("compose.yaml").threads == compose()["cpus"]


def test_selectors_find_the_pods() -> None:
    deployment = manifest("Deployment")
    labels = deployment["spec"]["template"]["metadata"]["labels"]
    assert deployment["spec"]["selector"]["matchLabels"] == labels
    assert manifest("Service")["spec"]["selector"] == labels
    assert manifest("PodDisruptionBudget")["spec"]["selector"]["matchLabels"] == labels
    assert manifest("NetworkPolicy")["spec"]["podSelector"]["matchLabels"] == labels
    target = manifest("HorizontalPodAutoscaler")["spec"]["scaleTargetRef"]
    assert (target["kind"], target["name"]) == ("Deployment", deployment["metadata"]["name"])
    (source,) = container()["envFrom"]
    assert source["configMapRef"]["name"] == manifest("ConfigMap")["metadata"]["name"]


def test_one_pod_may_go_at_a_time() -> None:
    assert "replicas" not in manifest("Deployment")["spec"]  # the autoscaler's
    assert manifest("HorizontalPodAutoscaler")["spec"]["minReplicas"] > manifest("PodDisruptionBudget")["spec"]["minAvailable"]


def test_images_are_called_by_the_version() -> None:
    images = [compose()["image"], container()["image"]]
    assert [image.rpartition(":")[2] for image in images] == [PROJECT["project"]["version"]] * 2


def test_the_image_is_built_from_what_the_wheel_needs_and_nothing_else() -> None:
    copied = {word for line in instructions("COPY") if not line.startswith("--from") for word in line.split()[:-1]}
    build = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]
    project = PROJECT["project"]
    assert copied == {"pyproject.toml", project["readme"], *project["license-files"], *build["packages"], *build["force-include"]}
    assert [name for name in copied if not (CHECKOUT / name).exists()] == []
    rules = [line for line in (CHECKOUT / ".dockerignore").read_text(encoding="utf-8").splitlines() if line and line[0] != "#"]
    assert rules[0] == "*"
    assert {rule[1:] for rule in rules if rule[0] == "!"} == copied
    assert any(fnmatch("nmt/__pycache__", rule) for rule in rules[1:])


def test_compose_builds_that_image() -> None:
    build = compose()["build"]
    assert (DEPLOY / build["context"]).resolve() == CHECKOUT
    assert (CHECKOUT / build["dockerfile"]).read_text(encoding="utf-8") == DOCKERFILE
