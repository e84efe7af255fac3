"""What is in the net.

    graph           any net as a graph
    steps, cell     which layers are a time step, which states it hands on; one step
    rows, chains    the steps of a net that its names do not tell
    copies          the `Split` layers that Caffe adds
    recognise       is this step an LSTM, and which layer is which part of the equations?
    growing         a cell of an LSTM that is built by hand, whole or in part
    wiring          which nodes are drawn, and who feeds whom
    arrangement     how several stacks stand to each other
    operations      which operation, which cuts: what a type does not tell
    words           the net in words
"""
