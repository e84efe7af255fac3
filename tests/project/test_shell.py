"""`python -m lstm_lib doctor | unroll | check`, as a person at a shell meets it."""
import os
import re
import subprocess
import sys

import pytest
from conftest import on_real_caffe

from lstm_lib import doctor, load_net
from lstm_lib.__main__ import main


def shell(*arguments, cwd=None, **environment):
    return subprocess.run([sys.executable, "-m", "lstm_lib", *arguments], cwd=cwd, text=True,
                          capture_output=True, timeout=600, env={**os.environ, **environment})


@pytest.fixture
def no_caffe(tmp_path):
    """A folder that, first on PYTHONPATH, makes `import caffe` fail."""
    (tmp_path / "caffe.py").write_text("raise ImportError('no Caffe on this machine')\n")
    return str(tmp_path)


# --- doctor -----------------------------------------------------------------------------


def lines_of(text):
    """Part -> (mark, words) of the doctor's lines."""
    rows = [line.split(None, 2) for line in text.splitlines() if line.startswith("[")]
    return {name: (mark, words) for mark, name, words in rows}


def test_doctor_looks_at_every_part_and_finds_this_environment_sound(capsys):
    assert main(["doctor"]) == 0
    lines = lines_of(capsys.readouterr().out)
    assert list(lines) == ["Python", "Caffe", "layers", "numpy", "protobuf", "pydot", "dot",
                           "kernel", "GPU"]
    needed = [name for name in lines if name not in ("layers", "dot", "GPU")]
    assert {lines[name][0] for name in needed} == {"[OK]"}


@on_real_caffe
def test_doctor_says_which_package_and_file_caffe_comes_from(capsys):
    main(["doctor"])
    words = lines_of(capsys.readouterr().out)["Caffe"][1]
    assert "kendryte-caffe 1.0.0.20210829" in words and "caffe/__init__.py" in words


@pytest.mark.parametrize("engine, mark, said", [
    pytest.param("real", "[--]", "a fault of this build of Caffe .* -> .*=portable",
                 marks=on_real_caffe), ("portable", "[OK]", "BatchNorm learns its statistics")])
def test_doctor_knows_whether_batch_norm_computes_what_it_should(engine, mark, said):
    found, words = lines_of(shell("doctor", LSTM_LIB_ENGINE=engine).stdout)["layers"]
    assert found == mark and re.search(said, words)


def test_doctor_works_without_a_caffe_and_exits_with_1(no_caffe):
    done = shell("doctor", PYTHONPATH=no_caffe)
    mark, words = lines_of(done.stdout)["Caffe"]
    assert (mark, done.returncode) == ("[FAIL]", 1)
    assert "does not import: no Caffe on this machine. portable_caffe computes" in done.stderr
    assert "no Caffe on this machine -> `make run`" in words


def test_without_the_caffe_asked_for_every_other_name_raises_the_reason(no_caffe):
    code = "import lstm_lib\ntry: lstm_lib.unroll\nexcept ImportError as error: print(error)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True,
                          env={**os.environ, "PYTHONPATH": no_caffe, "LSTM_LIB_ENGINE": "real"})
    assert "real Caffe does not import here: no Caffe on this machine" in done.stdout


def test_a_missing_dot_fails_with_its_cure_but_the_series_still_runs(monkeypatch, capsys):
    monkeypatch.setenv("PATH", "")
    assert main(["doctor"]) == 0
    mark, words = lines_of(capsys.readouterr().out)["dot"]
    assert mark == "[FAIL]" and "-> install the package graphviz" in words


@on_real_caffe
@pytest.mark.parametrize("package, version, part", [
    ("numpy", "2.0.2", "numpy"), ("protobuf", "4.25.1", "protobuf")])
def test_a_version_too_new_for_caffe_fails_with_its_cure(monkeypatch, capsys, package, version,
                                                         part):
    real = doctor.version_of
    monkeypatch.setattr(doctor, "version_of", lambda name: version if name == package
                        else real(name))
    assert main(["doctor"]) == 1
    mark, words = lines_of(capsys.readouterr().out)[part]
    assert mark == "[FAIL]" and version in words and f'-> pip install "{package}<' in words


@on_real_caffe
def test_another_platform_is_told_which_way_works(monkeypatch, capsys):
    monkeypatch.setattr(doctor.platform, "system", lambda: "Darwin")
    monkeypatch.setattr(doctor.platform, "machine", lambda: "arm64")
    assert main(["doctor"]) == 1
    mark, words = lines_of(capsys.readouterr().out)["Python"]
    assert mark == "[FAIL]" and all(way in words for way in ("Binder", "container", "WSL", "=portable"))


def test_a_kernel_of_another_python_is_found_out(monkeypatch, tmp_path, capsys):
    folder = tmp_path / "kernels" / "python3"
    folder.mkdir(parents=True)
    (folder / "kernel.json").write_text('{"argv": ["/other/python"], "display_name": "other"}')
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    assert main(["doctor"]) == 1
    assert "/other/python -> " in lines_of(capsys.readouterr().out)["kernel"][1]


@pytest.mark.parametrize("manager, command", [
    ("apt-get", "apt-get install graphviz"), ("dnf", "dnf install graphviz"),
    ("pacman", "pacman -S graphviz"), ("brew", "brew install graphviz"),
    ("conda", "conda install -c conda-forge graphviz")])
def test_the_cure_for_dot_is_the_command_of_this_system(monkeypatch, manager, command):
    monkeypatch.setattr(doctor.shutil, "which", lambda name: name if name == manager else None)
    monkeypatch.setattr(doctor.os, "geteuid", lambda: 0)
    assert doctor.dot_command() == command
    monkeypatch.setattr(doctor.os, "geteuid", lambda: 1000)
    assert doctor.dot_command().endswith(command)


# --- engine -----------------------------------------------------------------------------

WHO = "import lstm_lib; print(lstm_lib.describe())"


def described(**environment):
    """(what describe() says, what stands on stderr) in a fresh Python."""
    done = subprocess.run([sys.executable, "-c", WHO], capture_output=True, text=True,
                          env={**os.environ, **environment})
    return done.stdout, done.stderr


@on_real_caffe
def test_real_caffe_is_taken_where_it_imports_unless_told_otherwise():
    for asked in ("", "real"):
        assert described(LSTM_LIB_ENGINE=asked)[0].startswith("real Caffe 1.0.0 (CPU), Python 3.9")
    said, errors = described(LSTM_LIB_ENGINE="portable", LSTM_LIB_ARRAYS="numpy")
    assert said.startswith("portable_caffe 1.0.0 (numpy arrays on cpu), Python 3.9")
    assert errors == ""


def test_a_caffe_that_does_not_import_is_not_passed_over_in_silence(no_caffe):
    said, errors = described(PYTHONPATH=no_caffe, LSTM_LIB_ENGINE="")
    assert said.startswith("portable_caffe") and "no Caffe on this machine" in errors


def test_an_engine_that_does_not_exist_raises_with_the_ones_that_do():
    assert "'reel': give real, portable" in described(LSTM_LIB_ENGINE="reel")[1]


def test_doctor_finds_the_portable_engine_sound():
    done = shell("doctor", LSTM_LIB_ENGINE="portable")
    assert done.returncode == 0 and "on portable_caffe" in done.stdout.splitlines()[-1]
    assert lines_of(done.stdout)["Caffe"][1].startswith("portable_caffe 1.0.0 (")


# --- unroll and check -------------------------------------------------------------------


def test_unroll_writes_the_origins_example_unless_told_otherwise(tmp_path):
    done = shell("unroll", cwd=tmp_path)
    text = (tmp_path / "lstm_demo.prototxt").read_text()
    assert (done.returncode, done.stderr) == (0, "")
    assert text.startswith('name: "LSTM using NetSpec example"\n')
    assert "x (3, 10, 128, 10, 10) -> H (3, 10, 500), 3 steps" in done.stdout


def test_unroll_takes_steps_batch_input_and_hidden(tmp_path):
    path = str(tmp_path / "small.prototxt")
    assert main(["unroll", "--steps", "2", "--batch", "3", "--input", "4", "5",
                 "--hidden", "6", "-o", path]) == 0
    net = load_net(path)
    assert tuple(net.blobs["x"].shape) == (2, 3, 4, 5)
    assert tuple(net.blobs["H"].shape) == (2, 3, 6)
    assert tuple(net.params["t2/lstm/Mx"][0].shape) == (24, 20)


def test_check_prints_layers_with_shapes_weights_and_what_is_shared(tmp_path, capsys):
    path = str(tmp_path / "small.prototxt")
    main(["unroll", "--steps", "2", "--batch", "3", "--input", "4", "--hidden", "6", "-o", path])
    capsys.readouterr()
    assert main(["check", path]) == 0
    shown = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert ("t1/lstm/Mh InnerProduct h0 1×3×6 -> t1/lstm/Mh 1×3×24 w_Mhw* 24×6"
            in shown)


@pytest.mark.parametrize("more", ["", pytest.param(  # the second net is not built
    'layer { name: "d" type: "HDF5Data" top: "d" }', marks=on_real_caffe)])
def test_check_says_after_the_table_what_will_go_wrong_in_silence(tmp_path, capsys, more):
    path = tmp_path / "small.prototxt"
    main(["unroll", "--steps", "3", "--batch", "2", "--input", "4", "--hidden", "5",
          "-o", str(path)])
    text = path.read_text()
    for text, words in ((text, "lint: nothing found." if not more else "no layer reads 'd'"),
                        (text.replace("w_Mhw", "w_Mhv", 1), "t1/lstm/Mh: 2 of 3 steps")):
        path.write_text(text + more)
        capsys.readouterr()
        assert main(["check", str(path)]) == 0
        table, found = capsys.readouterr().out.split("parameter blobs", 1)
        assert "t1/lstm/Mh" in table and words in found


MISTAKES = {
    "a file that is not there": (["check", "missing.prototxt"], "there is no file"),
    "a folder": (["check", "."], "is a folder"),
    "text that is no prototxt": (["check", "bad.prototxt"], "line 1"),
    "a net that Caffe would die of": (["check", "deadly.prototxt"], "Unknown bottom blob"),
    "no steps": (["unroll", "--steps", "0"], "1 or more"),
    "no units": (["unroll", "--hidden", "0"], "num_output must be"),
    "a folder that is not there": (["unroll", "-o", "nowhere/x.prototxt"], "there is no folder"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_one_message_on_stderr_and_exit_1(monkeypatch, tmp_path, capfd, mistake):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bad.prototxt").write_text("layer {")
    (tmp_path / "deadly.prototxt").write_text(
        'layer { name: "y" type: "TanH" bottom: "x" top: "y" }')
    arguments, words = MISTAKES[mistake]
    assert main(arguments) == 1
    said = capfd.readouterr()
    assert said.out == "" and words in said.err and "Traceback" not in said.err
    assert said.err.startswith(f"lstm_lib {arguments[0]}: ")


def test_without_a_caffe_unroll_says_so_in_one_message(no_caffe, tmp_path):
    done = shell("unroll", cwd=tmp_path, PYTHONPATH=no_caffe, LSTM_LIB_ENGINE="real")
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert "real Caffe does not import here" in done.stderr


def test_a_reader_that_stops_early_is_no_error():
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([sys.executable, "-m", "lstm_lib", "doctor"], stdout=writer,
                          stderr=subprocess.PIPE, text=True)
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, "")


PHASES = """layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 2 dim: 3 } } }
layer { name: "drop" type: "Dropout" bottom: "x" top: "x" include { phase: TRAIN } }
layer { name: "top" type: "TanH" bottom: "x" top: "t" include { phase: TEST stage: "frozen" } }
layer { name: "own" type: "Python" bottom: "x" top: "o" include { phase: TEST stage: "own" }
  python_param { module: "stranger" layer: "Own" } }
"""


@pytest.mark.parametrize("options,shown", [
    ([], ["x", "drop"]), (["--phase", "TEST"], ["x"]),
    (["--phase", "TEST", "--stage", "frozen"], ["x", "top"])])
def test_check_and_draw_show_the_phase_and_stage_asked_for(options, shown, tmp_path, capsys):
    (tmp_path / "net.prototxt").write_text(PHASES)
    assert main(["check", str(tmp_path / "net.prototxt"), *options]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[1:len(shown) + 1]] == shown
    assert lines[len(shown) + 1] == "" and "2×3" in lines[1]
    for more in ([], ["--shapes"]):
        assert main(["draw", str(tmp_path / "net.prototxt"), *options, *more]) == 0
        assert f"net, {len(shown)} layer" in capsys.readouterr().out


def test_a_layer_that_runs_code_in_another_phase_keeps_no_net_from_being_built(tmp_path, capsys):
    (tmp_path / "net.prototxt").write_text(PHASES)
    path = str(tmp_path / "net.prototxt")
    assert main(["check", path]) == 0
    assert "not built" not in capsys.readouterr().err
    assert main(["check", path, "--phase", "TEST", "--stage", "own"]) == 0
    assert "not built, so no shapes: layer 'own'" in capsys.readouterr().err
