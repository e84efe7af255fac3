"""tools/run_tests.py: the runs do not disturb each other, and none outlives the program."""
import sys
import threading

import run_tests
import setup_env


def test_a_run_that_waits_for_a_core_does_not_begin_after_it_was_ended(monkeypatch):
    monkeypatch.setattr(setup_env, "python_of", lambda world: sys.executable)
    cores = threading.Semaphore(0)
    run = run_tests.Run("a world", None, ["--version"], {}, cores)
    run.end()
    cores.release()
    run.thread.join()
    assert run.process is None


def test_a_run_that_goes_is_ended(monkeypatch, tmp_path):
    monkeypatch.setattr(setup_env, "python_of", lambda world: sys.executable)
    (tmp_path / "test_endless.py").write_text("import time\n\ntime.sleep(6000)\n")
    run = run_tests.Run("a world", None, [str(tmp_path)], {}, threading.Semaphore(1))
    while run.process is None:
        run.thread.join(0.01)
    run.end()
    assert run.process.poll() is not None


def test_each_run_remembers_its_own_failures(monkeypatch):
    monkeypatch.setattr(setup_env, "is_ready", lambda world: True)
    monkeypatch.setattr(run_tests, "has_torch", lambda: True)
    monkeypatch.setattr(run_tests, "has_old_torch", lambda: True)
    caches = [option for _, _, options, _ in run_tests.runs() for option in options
              if option.startswith("cache_dir=")]
    assert len(caches) == len(set(caches)) == 4


def test_a_run_of_some_tests_adds_no_others(monkeypatch):
    monkeypatch.setattr(setup_env, "is_ready", lambda world: True)
    monkeypatch.setattr(run_tests, "has_old_torch", lambda: True)
    for chosen in ["tests/lstm", __file__ + "::test_a_run_that_goes_is_ended"]:
        assert not [title for title, _, options, _ in run_tests.runs([chosen])
                    if "tests/parallel" in options]
    assert [title for title, _, options, _ in run_tests.runs(["-k", "unroll"])
            if "tests/parallel" in options]
