"""What Binder would build from binder/, checked without Docker."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbclient
import nbformat
import pytest

ROOT = Path(__file__).parent.parent

pytestmark = [
    pytest.mark.slow,
    # repo2docker imports a name that python-json-logger has moved.
    pytest.mark.filterwarnings("ignore:pythonjsonlogger.jsonlogger has been moved"),
]


@pytest.fixture
def build_pack(monkeypatch):
    """Return the build pack that repo2docker picks for this repository."""
    from repo2docker.app import Repo2Docker

    monkeypatch.chdir(ROOT)
    app = Repo2Docker()
    packs = (pack(app.base_image) for pack in app.buildpacks)
    pack = next(pack for pack in packs if pack.detect())
    pack.platform = "linux/amd64"
    return pack


def test_binder_recognizes_a_python_repository(build_pack):
    assert type(build_pack).__name__ == "PythonBuildPack"


def test_binder_uses_the_python_of_runtime_txt(build_pack):
    version = (ROOT / "binder/runtime.txt").read_text().strip()
    assert f"python-{build_pack.python_version}" == version


def test_the_image_installs_the_locked_requirements_before_the_project(build_pack):
    dockerfile = build_pack.render()

    requirements = dockerfile.index('pip install --no-cache-dir -r "binder/requirements.txt"')
    project = dockerfile.index("RUN ./binder/postBuild")
    assert requirements < project


def run(*command, env=None):
    subprocess.run(command, cwd=ROOT, env=env, check=True)


@pytest.fixture(scope="module")
def binder_kernel(tmp_path_factory):
    """Install a kernel with what Binder installs, in Binder's order, and return its data folder."""
    prefix = tmp_path_factory.mktemp("binder")
    environment = prefix / "environment"
    run(sys.executable, "-m", "uv", "venv", "--seed", "--python", sys.executable, environment)
    path = f"{environment / 'bin'}{os.pathsep}{os.environ['PATH']}"
    python = environment / "bin/python"
    run(python, "-m", "pip", "install", "--quiet", "-r", "binder/requirements.txt")
    run(ROOT / "binder/postBuild", env={**os.environ, "PATH": path})
    run(python, "-m", "ipykernel", "install", "--prefix", prefix, "--name", "binder")
    yield prefix / "share/jupyter"
    shutil.rmtree(environment)


@pytest.mark.timeout(900)
def test_the_first_notebook_runs_in_binders_environment(binder_kernel, monkeypatch):
    monkeypatch.setenv("JUPYTER_PATH", str(binder_kernel))
    first = min(ROOT.glob("notebooks/*.ipynb"))
    notebook = nbformat.read(first, as_version=4)

    nbclient.NotebookClient(
        notebook, kernel_name="binder", resources={"metadata": {"path": str(first.parent)}}
    ).execute()
