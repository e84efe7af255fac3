"""The folder that the image of a class is made from: what it holds, and what runs in it."""
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import setup_env
import yaml
from class_copies import STUB

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "deploy"))

import make_class  # noqa: E402
import make_image  # noqa: E402


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    folder = tmp_path_factory.mktemp("image")
    make_class.write_copies(folder / "class")
    (folder / "srv").mkdir()
    make_image.write_image(folder / "srv", folder / "class" / "student")
    return folder / "srv"


def environment(path):
    """(what conda installs, what pip installs) of an environment.yml."""
    *conda, last = yaml.safe_load(path.read_text(encoding="utf-8"))["dependencies"]
    return conda, last["pip"]


def wheel_of(image):
    return next(image.glob("*.whl"))


def test_no_solution_and_no_note_is_handed_out(image):
    texts = [path.read_text(encoding="utf-8") for path in image.rglob("*.ipynb")]
    assert len(texts) == len(list((ROOT / "notebooks").glob("[0-9]*.ipynb")))
    assert not [text for text in texts if "SOLUTION" in text or "For the teacher" in text]
    assert STUB in "".join(texts)
    with zipfile.ZipFile(wheel_of(image)) as wheel:
        assert not [name for name in wheel.namelist() if name.endswith(".ipynb")]


def test_its_environment_is_the_reference_world_with_the_wheel_for_the_clone(image):
    conda, pip = environment(image / "environment.yml")
    of_the_clone = environment(ROOT / "environment.yml")
    assert conda == of_the_clone[0] and f"python={setup_env.dotted(setup_env.REFERENCE.newest)}" in conda
    assert [part.replace("./" + wheel_of(image).name, "-e .") for part in pip] == of_the_clone[1]
    assert (image / "requirements.txt").read_bytes() == (ROOT / "requirements.txt").read_bytes()


def test_the_wheel_is_whole_and_needs_no_clone(image, tmp_path):
    subprocess.run([sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-index",
                    "--target", tmp_path / "site", wheel_of(image)], check=True)
    code = ("import lstm_lib; print(lstm_lib.__file__); ns = lstm_lib.caffe.NetSpec(); "
            "ns.x = lstm_lib.caffe.layers.Input(shape=dict(dim=[3, 2, 5])); "
            "lstm_lib.unroll(ns, ns.x, 3, 4); lstm_lib.load_net(ns).forward(); "
            "lstm_lib.draw(ns).save('x.html')")
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, text=True,
                          capture_output=True, env=dict(os.environ, PYTHONPATH=tmp_path / "site"))
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(str(tmp_path / "site")) and (tmp_path / "x.html").exists()


@pytest.mark.skipif(os.name == "nt", reason="the image is Linux")
def test_post_build_runs_and_says_that_nothing_is_missing(image):
    done = subprocess.run([image / "postBuild"], cwd=image, text=True, capture_output=True,
                          env=with_this_python())
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"^\[OK\] +Python", done.stdout, re.M) and "can run here" in done.stdout


@pytest.mark.skipif(os.name == "nt", reason="the image is Linux")
def test_start_hands_the_course_out_once_and_goes_on_to_the_server(image, tmp_path):
    command = [image / "start", "echo", "the server", "--port=1"]
    for _ in range(2):
        done = subprocess.run(command, text=True, capture_output=True,
                              env=dict(os.environ, HOME=str(tmp_path)))
        assert (done.returncode, done.stdout) == (0, "the server --port=1\n"), done.stderr
        mine = tmp_path / "lstm" / "01_gate_slicing.ipynb"
        assert mine.exists() and len(list(tmp_path.iterdir())) == 1
        mine.write_text("what a student wrote")
    (tmp_path / "lstm" / "00_start_here.ipynb").unlink()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL,
                   env=dict(os.environ, HOME=str(tmp_path)))
    assert mine.read_text() == "what a student wrote"
    assert not (tmp_path / "lstm" / "00_start_here.ipynb").exists()


@pytest.mark.skipif(not setup_env.is_ready(setup_env.HUB), reason="`make load` was not run here")
@pytest.mark.parametrize("of_the_class", [True, False], ids=["class", "clone"])
def test_repo2docker_reads_what_is_there_and_writes_a_dockerfile(of_the_class, image):
    """It builds nothing here: that needs a Docker engine."""
    program = Path(setup_env.python_of(setup_env.HUB)).with_name("jupyter-repo2docker")
    done = subprocess.run([program, "--no-build", "--debug", "--target-repo-dir", "/srv/class",
                           image if of_the_class else ROOT], text=True, capture_output=True)
    written = done.stdout + done.stderr
    assert done.returncode == 0, written
    assert 'env update -p ${NB_PYTHON_PREFIX} --file "environment.yml"' in written
    for line in ("RUN ./postBuild", 'R2D_ENTRYPOINT="${REPO_DIR}/start"'):
        assert (line in written) == of_the_class


def with_this_python():
    """An environment where `python` is the one that runs the tests."""
    return dict(os.environ, PATH=os.pathsep.join([os.path.dirname(sys.executable),
                                                  os.environ["PATH"]]))
