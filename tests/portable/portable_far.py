"""A stand-in for a GPU: PyTorch arrays that NumPy does not see, and graphs of their operations.

`FarArrays` lie in host memory like all of PyTorch's CPU arrays, but say they do not, so all
copies are made that a GPU would need; they are counted. `FarGraph` does for them what a CUDA
graph does: it keeps the operations of a run with the very arrays they work on, and repeats
them, whatever Python thinks meanwhile.
"""
from collections import Counter

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from portable_caffe import arrays
from portable_caffe.gpu import replay
from portable_caffe.arrays import Arrays


# operations that wait for the GPU, or bring numbers from Python to it
WAITS = {"item", "_local_scalar_dense", "nonzero", "masked_select", "lift_fresh", "unique"}


class FarArrays(Arrays):
    """PyTorch arrays that only copies reach, with a count of these."""

    def __init__(self):
        super().__init__("torch", "cpu")
        self.is_host, self.copies = False, Counter()

    def from_host(self, host):
        self.copies["from host"] += 1
        return super().from_host(host).clone()

    def copy_from_host(self, array, host):
        self.copies["from host"] += 1
        super().copy_from_host(array, host)

    def to_host(self, array):
        self.copies["to host"] += 1
        return super().to_host(array).copy()


class FarGraph(TorchDispatchMode):
    """The operations of `work`, recorded without running `work` again, as a CUDA graph."""

    plain = recorded = replayed = 0

    @classmethod
    def warm_up(cls, work):
        cls.plain += 1
        work()

    def __init__(self, work):
        super().__init__()
        type(self).recorded += 1
        self.operations = []
        with self:
            work()
        for array in self._made():  # recording computes nothing, so nobody may rely on it
            array.fill_(float("nan") if array.is_floating_point() else 0)

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        assert not WAITS & set(function.name().replace("aten::", "").split(".")), function.name()
        before = [array.clone() for array in self._changed(function, args)]
        result = function(*args, **kwargs or {})
        self.operations.append((function, args, kwargs or {}, result))
        for array, numbers in zip(self._changed(function, args), before):
            array.copy_(numbers)  # recording changes nothing either
        return result

    @staticmethod
    def _changed(function, args):
        """The arrays an operation writes into."""
        return [arg for arg, wanted in zip(args, function._schema.arguments)
                if wanted.alias_info is not None and wanted.alias_info.is_write]

    def _made(self):
        """Arrays that operations made anew, no views."""
        given = set()
        for function, args, kwargs, result in self.operations:
            given |= {a.untyped_storage().data_ptr() for a in tree_leaves((args, kwargs))
                      if isinstance(a, torch.Tensor)}
            for array in tree_leaves(result):
                if isinstance(array, torch.Tensor) and (
                        array.untyped_storage().data_ptr() not in given):
                    yield array

    def replay(self):
        type(self).replayed += 1
        for function, args, kwargs, result in self.operations:
            new = function(*args, **kwargs)
            for old, array in zip(tree_leaves(result), tree_leaves(new)):
                if isinstance(old, torch.Tensor) and old.data_ptr() != array.data_ptr():
                    old.copy_(array)


@pytest.fixture
def far(monkeypatch):
    """The stand-in for a GPU in use, without graphs."""
    monkeypatch.setattr(arrays, "current", FarArrays())
    monkeypatch.setattr(replay, "graph_type", lambda: None)
    return arrays.current


@pytest.fixture
def graphs(far, monkeypatch):
    """The same with graphs, and the counts of their use at zero."""
    monkeypatch.setattr(replay, "graph_type",
                        lambda: FarGraph if isinstance(arrays.current, FarArrays) else None)
    for count in ("plain", "recorded", "replayed"):
        monkeypatch.setattr(FarGraph, count, 0)
    return FarGraph
