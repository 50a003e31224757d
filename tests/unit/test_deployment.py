"""The Dockerfile and the Kubernetes manifest: linted, and in agreement with the app."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from streamlit import config

ROOT = Path(__file__).parents[2]
DOCKERFILE, MANIFEST = (ROOT / ".deploy" / name for name in ("Dockerfile", "kubernetes.yaml"))
PORT = config.get_options_for_section("server")["port"]


@pytest.mark.parametrize(
    "command",
    [
        ("hadolint", "--no-color", str(DOCKERFILE)),
        ("kubernetes-validate", "--strict", str(MANIFEST)),
    ],
    ids=lambda command: command[0],
)
def test_a_linter_finds_nothing(command: tuple[str, ...]) -> None:
    program = Path(sys.executable).with_name(command[0])
    found = subprocess.run([program, *command[1:]], capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout + found.stderr


def manifest() -> dict[str, Any]:
    return {part["kind"]: part for part in yaml.safe_load_all(MANIFEST.read_text("utf-8"))}


def test_the_image_copies_what_the_app_is_made_of() -> None:
    lines = re.findall(r"^COPY (\S+) ", DOCKERFILE.read_text("utf-8"), re.MULTILINE)
    assert all((ROOT / name).exists() for name in lines)
    assert {"app.py", "explorer", "assets", ".streamlit", "requirements.lock"} <= set(lines)


def test_the_container_runs_as_the_image_s_user_and_keeps_nothing_else() -> None:
    deployment = manifest()["Deployment"]["spec"]["template"]["spec"]
    user = deployment["securityContext"]["runAsUser"]
    text = DOCKERFILE.read_text("utf-8")
    assert f"--uid {user} " in text
    assert f"USER {user}\n" in text
    (container,) = deployment["containers"]
    # The root is read-only: what the app writes goes to places that are mounted.
    assert container["securityContext"]["readOnlyRootFilesystem"]
    mounted = {each["name"]: each["mountPath"] for each in container["volumeMounts"]}
    assert set(mounted) == {volume["name"] for volume in deployment["volumes"]}
    assert set(mounted.values()) == {"/tmp", "/home/explorer"}


def test_requests_find_the_port_that_the_app_listens_on() -> None:
    parts = manifest()
    template = parts["Deployment"]["spec"]["template"]
    (container,) = template["spec"]["containers"]
    assert parts["Service"]["spec"]["selector"].items() <= template["metadata"]["labels"].items()
    (port,) = parts["Service"]["spec"]["ports"]
    probes = [container[name]["httpGet"] for name in ("readinessProbe", "livenessProbe")]
    assert {port["targetPort"], *(each["port"] for each in probes)} == {PORT}
    assert [each["containerPort"] for each in container["ports"]] == [PORT]
    assert f"EXPOSE {PORT}\n" in DOCKERFILE.read_text("utf-8")
    (rule,) = parts["Ingress"]["spec"]["rules"]
    backend = rule["http"]["paths"][0]["backend"]["service"]
    assert (backend["name"], backend["port"]["number"]) == (
        parts["Service"]["metadata"]["name"],
        port["port"],
    )


def test_servers_share_a_secret_that_streamlit_reads_and_keep_their_visitors() -> None:
    parts = manifest()
    (container,) = parts["Deployment"]["spec"]["template"]["spec"]["containers"]
    (variable,) = container["env"]
    assert variable["name"] == config.get_config_options()["server.cookieSecret"].env_var
    assert "secretKeyRef" in variable["valueFrom"]
    annotations = parts["Ingress"]["metadata"]["annotations"]
    assert annotations["nginx.ingress.kubernetes.io/affinity"] == "cookie"
    largest = config.get_option("server.maxUploadSize")
    assert annotations["nginx.ingress.kubernetes.io/proxy-body-size"] == f"{largest}m"
