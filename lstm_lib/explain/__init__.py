"""What is this net? A prototxt as picture, table, counts and findings, or what is wrong in it.

    explanation   `explain` and what it gives
    building      the net of a text, for its shapes; never what would run code or open files
    counts        parameters, bytes of blobs, multiplications of a forward pass
    layers        the table, equal time steps in one row
    running       the net run with random numbers, for its states over time
    report, page, stages    all of it as plain data, as one HTML file, and for the web page
"""
from .explanation import Explanation, explain

__all__ = ["Explanation", "explain"]
