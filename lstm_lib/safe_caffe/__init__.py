"""A Caffe that raises where Caffe aborts.

    engine        which Caffe computes: real, or portable
    base          what both have; real, portable: what each needs; pycaffe: real Caffe's import
    child         a forked process in which something is tried first
    net, blob, solver             the parts of pycaffe, made safe
    shapes, passes                when a net takes up shapes, when it is tried how it runs
    batches       many of them, one after the other
    memory        arrays that Python keeps of a blob's numbers
    layer_options, net_checks     what can be seen wrong before a net is built
    inputs, values                what is given to a net: arrays, indices
    weight_files, given_weights   weights in files, and in a prototxt
    sources, listed, records, lmdb, windows, hdf5  what its layers will read from files
    wheel         what this build of Caffe computes wrongly
    explain       Caffe's own sentence with the layer, what it was given, what would be right
"""
