"""Small notebooks with all that the tools look for."""
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

SOLVED = """def doubled(x):
    \"\"\"Two times x.\"\"\"
    ### BEGIN SOLUTION
    return 2 * x
    ### END SOLUTION"""
STUBBED = """def doubled(x):
    \"\"\"Two times x.\"\"\"
    ...  # your answer here"""
QUESTIONS = """1. Why?

<details><summary>Answer</summary>

Because.

More of it.
</details>

2. How? See [the guide](../README.md) and [the next](02_next.ipynb).

<details><summary>Answer</summary>

Like this.
</details>

Goodbye."""


def exercise_metadata(grade_id, **more):
    """The nbgrader metadata of an exercise; of its check with `points`."""
    solution = "points" not in more
    return {"schema_version": 3, "grade": not solution, "solution": solution,
            "locked": not solution, "task": False, "grade_id": grade_id, **more}


def a_notebook():
    """Text, a guess, a picture, a note for the teacher, an exercise and questions."""
    shown = new_output("execute_result", {"text/plain": "42"}, execution_count=1)
    drawn = new_output("display_data", {"image/png": "iVBORw0KGgo=", "text/plain": "<Figure>"})
    return new_notebook(cells=[
        new_markdown_cell("# Title\n\n$a^2$", metadata=slide("slide")),
        new_code_cell("6 * 7", outputs=[shown], execution_count=1, metadata={
            "jupyter": {"outputs_hidden": True}, "tags": ["hide-output"], **slide("-")}),
        new_code_cell("plot()", outputs=[drawn], execution_count=2, metadata=slide("-")),
        new_markdown_cell("<details><summary>For the teacher</summary>\n\nThey fail here.\n"
                          "</details>", metadata={"tags": ["teacher"]}),
        new_code_cell(SOLVED, metadata={"tags": ["exercise"], **slide("subslide"),
                                        "nbgrader": exercise_metadata("01-doubled")}),
        new_code_cell("check.doubled(doubled)", metadata={
            "tags": ["check"], "nbgrader": exercise_metadata("01-doubled-check", points=1),
            **slide("skip")}),
        new_markdown_cell(QUESTIONS, metadata=slide("skip"))])


def slide(kind):
    """The metadata that gives a cell its place in the deck."""
    return {"slideshow": {"slide_type": kind}}
