"""Is portable_caffe right? Each layer type and option, forward and backward, against real Caffe.

    python -m portable_caffe.judge

`compare` computes the errors, of the layers in `cases` and `selection_cases`, and of the nets
in `nets` and `data_nets`.
"""
__all__ = ["cases", "compare", "data_nets", "nets", "selection_cases"]
