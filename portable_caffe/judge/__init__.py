"""Is portable_caffe right? Each layer type and option, forward and backward, against real Caffe.

    python -m portable_caffe.judge

`compare` computes the errors, of the layers in `cases` and the nets in `nets`.
"""
__all__ = ["cases", "compare", "nets"]
