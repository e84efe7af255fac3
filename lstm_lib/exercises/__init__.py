"""The checks of the notebooks' exercises: is an answer right, and if not, what went wrong?

One module for each notebook, under its name; `verdict.py` is what they share.
"""
