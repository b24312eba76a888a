"""Five frameworks with one face, so that a law is written once and holds, or fails, for each.

What a test compares are NumPy arrays. What it runs are the definitions that readers see: they are
taken from the executed notebooks, and nothing of them is repeated here. A framework is imported
when a test asks for it, and only in the file of its name.
"""

from backends.answers import (
    FALSE_ALARM,
    NAN_OF_MXNET,
    batches,
    bound,
    close,
    cross_entropies,
    draw_masks,
    examples,
    mlp,
    normals,
)  # fmt: skip
from backends.lookup import backend_of, required
from backends.notebooks import ARRAYS, BACKENDS, BOOK, FRAMEWORKS, ROOT, definitions
from backends.pages import Page, each, page_of
from backends.processes import declare_two_processors, run_alone

__all__ = [
    "ARRAYS", "BACKENDS", "BOOK", "FALSE_ALARM", "FRAMEWORKS", "KINDS", "NAN_OF_MXNET", "ROOT",
    "Page", "backend_of", "batches", "bound", "close", "cross_entropies", "declare_two_processors",
    "definitions", "draw_masks", "each", "examples", "mlp", "normals", "page_of", "required",
    "run_alone",
]  # fmt: skip

KINDS = ("scratch", "stock")
