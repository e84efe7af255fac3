"""What is this net? A prototxt as picture, table, counts and findings, or what is wrong in it.

    explanation   `explain` and what it gives
    building      the net of a text, for its shapes; never what would run code or open files
    counts        parameters, bytes of blobs, multiplications of a forward pass
    layers        the table, equal time steps in one row
    report, page  all of it as plain data, and as one HTML file
"""
from .explanation import Explanation, explain

__all__ = ["Explanation", "explain"]
