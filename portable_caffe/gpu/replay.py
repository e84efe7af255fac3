"""Replay: on a CUDA GPU a whole forward or backward pass is launched at once.

A net of many small layers keeps a GPU waiting: Python asks for each kernel, one by one. What
a pass asks for never changes while the shapes stay, so PyTorch records it once as a CUDA
graph, and from then on repeats it by a single launch. A graph repeats kernels, not Python:
it reads and writes the very addresses it was recorded with. So
  - the first run is a plain one, and its `Watch` lists the memories it read from outside;
  - the second run is recorded, after these have been brought up to date;
  - a later run is repeated if all that is read from outside is still in its place.
Arrays are replaced when shapes, weights' owners or the device change; then it starts anew.
`LSTM_LIB_GRAPHS=0` switches replay off. With CuPy, ROCm's and Apple's GPUs, and for nets with
random numbers or an in-place layer on an input, each run is a plain one.

Source: PyTorch's notes on CUDA graphs.
"""
import os
import warnings

from .. import arrays
from .. import memory as memories
from ..memory import ARRAY


class Watch:
    """What happens to memories in a `with` block: the arrays read from outside, and written."""

    def __init__(self):
        self.reads, self.writes = {}, {}

    def __enter__(self):
        memories.watcher = self
        return self

    def __exit__(self, *error):
        memories.watcher = None

    def saw_read(self, memory):
        if memory not in self.writes:
            self.reads.setdefault(memory, memory.array)

    def saw_write(self, memory):
        self.writes[memory] = memory.array

    def leaves_all_in_place(self):
        """Is nothing that was read from outside replaced?"""
        return all(self.reads.get(memory, array) is array
                   for memory, array in self.writes.items())


class CudaGraph:
    """The kernels that `work` launches, recorded; `replay` launches them again."""

    streams = {}  # device -> stream: recording needs one of its own; the plain run prepares it
    broken = False  # did a recording fail? Some PyTorch then refuses each later one

    @classmethod
    def stream(cls):
        """The stream of recordings on the device in use."""
        cuda = arrays.current.native.cuda
        device = cuda.current_device()
        if device not in cls.streams:
            cls.streams[device] = cuda.Stream()
        return cls.streams[device]

    @classmethod
    def warm_up(cls, work):
        """A plain run on the stream of the recording: libraries set themselves up there."""
        cuda, stream = arrays.current.native.cuda, cls.stream()
        stream.wait_stream(cuda.current_stream())
        try:
            with cuda.stream(stream):
                work()
        finally:
            cuda.current_stream().wait_stream(stream)

    def __init__(self, work):
        cuda = arrays.current.native.cuda
        self._graph, before = cuda.CUDAGraph(), cuda.current_stream()
        try:
            with cuda.graph(self._graph, stream=self.stream(),
                            capture_error_mode="thread_local"):  # others may use the GPU
                work()
        except BaseException:
            CudaGraph.broken = True
            cuda.set_stream(before)  # a recording that fails may leave its own in use
            raise

    def replay(self):
        self._graph.replay()


def graph_type():
    """What records runs on the arrays in use now, or None."""
    now = arrays.current
    if now.library != "torch" or now.device != "cuda" or os.environ.get("LSTM_LIB_GRAPHS") == "0":
        return None
    return None if now.native.version.hip or CudaGraph.broken else CudaGraph


class Recording:
    """A recorded run: its graph, and the memories it reads and writes."""

    def __init__(self, graph, watch):
        self._graph, self._reads = graph, watch.reads
        self._writes = [(memory, array, memory.owned) for memory, array in watch.writes.items()]

    def holds(self):
        """Bring what Python wrote to the GPU; is all still where the graph looks for it?

        Part of an array that Python has looked into meanwhile needs a recording with a copy.
        """
        return (all(owned or memory.host is None for memory, _, owned in self._writes)
                and all(memory.read() is array for memory, array in self._reads.items()))

    def replay(self):
        """Run again; afterwards the arrays are newer than what Python has of them."""
        self._graph.replay()
        for memory, array, owned in self._writes:
            if memory.array is not array or memory.newer is not ARRAY:
                memory.array, memory.owned, memory.newer = array, owned, ARRAY
                memory.arrays = arrays.current


class Runs:
    """The forward and backward passes of a net: plain, recorded, or repeated."""

    def __init__(self, nodes):
        self._fit = all(node.layer.repeats for node in nodes)
        self._plain = {}  # "forward", "backward" -> (arrays, what a plain run read)
        self._recordings = {}  # "forward", "backward" -> Recording

    def forget(self):
        """Start anew with plain runs."""
        self._plain.clear()
        self._recordings.clear()

    def reshaped(self):
        """Plain runs say nothing about the new shapes; a recording looks for itself."""
        self._plain.clear()

    def run(self, way, work, whole):
        """Do `work`, a forward or backward pass through the whole net or a part of it."""
        graph = graph_type() if whole and self._fit else None
        recording = self._recordings.pop(way, None)
        ran_on, known = self._plain.pop(way, (None, None))
        if recording and graph and recording.holds():
            self._recordings[way] = recording
            recording.replay()
            return
        if way == "forward":  # a backward pass reads what the recorded forward left in layers
            self._recordings.pop("backward", None)
        if not graph:
            work()
        elif ran_on is arrays.current:  # a plain run on another device does not count
            self._record(way, graph, work, known)
        else:
            with Watch() as watch:
                graph.warm_up(work)
            self._fit = watch.leaves_all_in_place()
            self._plain[way] = arrays.current, frozenset(watch.reads)  # not what they hold

    def _record(self, way, graph, work, known):
        """Record a run and do it; a plain run, from now on, if that cannot be.

        `known` are the memories that the plain run before has read.
        """
        for memory in known:
            memory.read()
        try:
            with Watch() as watch:
                made = graph(work)
            if not watch.reads.keys() <= known:
                raise RuntimeError("it does not read the same blobs each time.")
        except RuntimeError as error:
            warnings.warn(f"this net runs without CUDA graphs: {error}", stacklevel=5)
            self._fit = False
            for memory in watch.reads.keys() - known:
                memory.drop()  # made while recording, so never filled
            work()
            return
        self._recordings[way] = Recording(made, watch)
        self._recordings[way].replay()
