"""Any net as a picture, a page, or a table: read, find the steps, lay out, write.

    structure/    a net as a graph, its time steps, what is an LSTM, the net in words
    layout/       where things stand: one cell, then the whole scene
    picture       `draw` and `summary`; time_picture, graphviz: the two ways to draw
    looks, legend, outer_wires, values, svg    what a picture is made of
    raster, page  PNG and PDF; the interactive page
    strip, sweep  gates, states and gradients over time as lists, for one forget bias or for some
    maps          the same in bytes, as the page gets them
"""
from .picture import Picture, draw, summary
from .strip import states_over_time
from .sweep import forget_bias_sweep

__all__ = ["Picture", "draw", "forget_bias_sweep", "states_over_time", "summary"]
