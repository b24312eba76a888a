"""Faults of the frameworks' own layers: each test here has to fail, or its row goes.

A row holds the reason, the test and the ids of its cases, with blanks between them.
"""

KNOWN: list[tuple[str, str, str]] = [
    ("Keras' own layer has no gradient for p = 1",
     "test_nothing_and_everything_dropped_have_a_gradient",
     """
     1-tensorflow-drop_path-stock
     """),
    ("MXNet's own layer returns nan for p = 1",
     "test_nothing_and_everything_dropped_have_a_gradient",
     """
     1-mxnet-drop_path-stock
     """),
    ("Keras' own layer has no gradient for p = 1",
     "test_probability_one_leaves_nothing_and_no_gradient",
     """
     chapters/tensorflow/dropout.ipynb-stock
     """),
]  # fmt: skip
