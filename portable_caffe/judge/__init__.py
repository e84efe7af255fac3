"""Is portable_caffe right? Each layer type and option, forward and backward, against real Caffe.

    python -m portable_caffe.judge                  all layer types, and some nets
    python -m portable_caffe.judge FILE.prototxt    a net of yours
    python -m portable_caffe.judge.names            what is missing

`compare` computes the errors, of the layers in `cases` and `selection_cases`, of the nets in
`nets` and `data_nets`, and of `files`.
"""
__all__ = ["cases", "compare", "data_nets", "files", "names", "nets", "selection_cases"]
