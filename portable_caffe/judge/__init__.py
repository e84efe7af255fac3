"""Is portable_caffe right? Each layer type and option, forward and backward, against real Caffe.

    python -m portable_caffe.judge                  all layer types, and some nets
    python -m portable_caffe.judge FILE.prototxt    a net of yours
    python -m portable_caffe.judge.names            what is missing

`compare` computes the errors, of the layers in `cases`, the nets in `nets`, and `files`.
"""
__all__ = ["cases", "compare", "files", "names", "nets"]
