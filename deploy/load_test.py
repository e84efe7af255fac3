"""Let students work on a JupyterHub on this machine at once; put their memory into README.md.

    python deploy/load_test.py [--students 4] [--alone 07 08] [--world any]    # `make load`

Each logs in, starts a server and works through 00 to 03 of build/class/student with the teacher's
solutions, all at the same time, each notebook in a kernel that stays open. Then one student works
alone through the other notebooks. It ends with exit status 1 if a kernel died or an answer is not
there, or not right, when it is read back.
"""
import argparse
import asyncio
import os
import platform
import sys
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tools"), str(ROOT / "deploy" / "load")]

import hub as hubs  # noqa: E402
import memory  # noqa: E402
import memory_tables  # noqa: E402
import setup_env  # noqa: E402
import shell  # noqa: E402
from student import Lost, Student  # noqa: E402

CLASS = ROOT / "build" / "class"
FOLDER = ROOT / "build" / "hub"


def main(arguments=None):
    """Run it and write what was measured; exit status 1 if something was lost."""
    asked = arguments_of(arguments)
    stems = sorted(path.stem for path in (CLASS / "student").glob("[0-9]*.ipynb"))
    together = [stem for stem in stems if stem[:2] <= asked.last]
    alone = [stem for stem in stems if stem not in together
             and (asked.alone is None or stem[:2] in asked.alone)]
    names = [f"student-{number}" for number in range(1, asked.students + 1)]
    try:
        world = world_of(asked.world)
        with hubs.running(FOLDER, names, CLASS / "student", setup_env.python_of(world)) as hub:
            measured = asyncio.run(measure(hub, together, alone))
    except (Lost, shell.Stop) as stop:
        sys.exit(f"load: {stop}")
    print(f"load: {len(names)} students on {world.title}: {measured['right']} answers right, "
          f"none lost; what the hub said: {os.path.relpath(FOLDER / 'hub.log')}")
    if asked.write:
        memory_tables.keep(world.title, measured)
        print("load: the figures stand in deploy/README.md")


def arguments_of(arguments):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--students", type=int, default=4)
    parser.add_argument("--last", default="03", help="the last notebook that all work through")
    parser.add_argument("--world", default="any", help="whose Python the kernels are")
    parser.add_argument("--alone", nargs="*", metavar="NUMBER",
                        help="which notebooks one student works through alone; all, if left out")
    parser.add_argument("--no-write", dest="write", action="store_false",
                        help="leave the figures of README.md as they are")
    return parser.parse_args(arguments)


def world_of(name):
    """The first world that is there, whose Python the kernels are."""
    ready = [world for world in setup_env.WORLDS[name] if setup_env.is_ready(world)]
    if not ready or not (CLASS / "student").is_dir():
        raise shell.Stop("the notebooks of a class are not here yet: make load")
    return ready[0]


async def measure(hub, together, alone):
    """What all did and took, for the memory_tables."""
    students = [Student(hub, name, CLASS / "teacher") for name in hub.names]
    proxy = memory.process_with("configurable-http-proxy", str(hub.ports[2]))
    watch = memory.Watch({
        "hub": lambda: [hub.process.pid], "proxy": lambda: [proxy],
        **{name: lambda name=name: memory.processes_of(name) for name in hub.names}})
    watching = asyncio.create_task(watch.run())
    await asyncio.gather(*[student.begin() for student in students])
    await asyncio.gather(*[student.work(together, close=False) for student in students])
    watching.cancel()
    with suppress(asyncio.CancelledError):
        await watching
    servers = [memory.peak_of(memory.process_with(
        "jupyterhub-singleuser", among=memory.processes_of(name))) for name in hub.names]
    await students[0].work(alone, close=True)
    return summary(students, servers, watch.most)


def summary(students, servers, most):
    """MB, the most of any student; the processor's count and kind."""
    stems = {stem for student in students for stem in student.peaks}
    return dict(
        students=len(students), right=sum(sum(one.right.values()) for one in students),
        hub=most["hub"], proxy=most["proxy"], server=max(servers),
        student=max(most[one.name] for one in students),
        home=sum(path.stat().st_size for path in (FOLDER / "homes" / students[0].name).rglob("*")
                 if path.is_file()) / memory.MB,
        kernels={stem: max(one.peaks[stem] for one in students if stem in one.peaks)
                 for stem in sorted(stems)},
        machine=f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores")


if __name__ == "__main__":
    main()
