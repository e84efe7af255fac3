"""A process that writes a snapshot of one iteration: `snapshotting.py PREFIX FORMAT COUNT`."""
import sys

from lstm_lib import make_solver

NET = """
layer { name: "x" type: "DummyData" top: "x" dummy_data_param { shape { dim: 1 dim: 100 }
  data_filler { value: 1 } } }
layer { name: "y" type: "InnerProduct" bottom: "x" top: "y" inner_product_param {
  num_output: 100 weight_filler { value: 3 } } }
layer { name: "loss" type: "EuclideanLoss" bottom: "y" bottom: "x" top: "loss" }"""


def solver_of(prefix, form):
    """A solver that writes in HDF5 (form 0) or protobuf (1)."""
    return make_solver(NET, base_lr=0.001, momentum=0.9, snapshot_prefix=prefix,
                       snapshot_format=int(form))


if __name__ == "__main__":
    solver = solver_of(*sys.argv[1:3])
    solver.step()
    for _ in range(int(sys.argv[3])):
        solver.snapshot()
