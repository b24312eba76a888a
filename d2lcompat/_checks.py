"""Checks of the arguments of ``fit``, before the first step.

Every error says what was expected, what was received and what to do. The tracebacks in notebooks
omit these functions.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from d2lcompat._types import Data, Loader, Model, Optimizer, Tensor, Tensors


def arguments(model: Model, data: Data) -> None:
    """Check the arguments of ``fit``.

    Raises:
        TypeError: the arguments are swapped, or one of them is a class or has the wrong type.
    """
    __tracebackhide__ = True
    if _is_data(model) and _is_model(data):
        raise TypeError("Expected fit(model, data); received fit(data, model). Swap the two.")
    advice = {
        "model": "Derive a class from d2l.Module or d2l.Classifier, and set its self.net.",
        "data": "Derive a class from d2l.DataModule, and define its get_dataloader(self, train).",
    }
    for kind, value, right in (("model", model, _is_model), ("data", data, _is_data)):
        if isinstance(value, type):
            advice[kind] = f"Create an object: {value.__name__}(...)."
        elif right(value):
            continue
        raise TypeError(
            f"Expected fit(model, data); received {_called(value)} as {kind}. {advice[kind]}"
        )


def _is_model(value: Any) -> bool:
    return hasattr(value, "training_step") and hasattr(value, "configure_optimizers")


def _is_data(value: Any) -> bool:
    return hasattr(value, "train_dataloader") and hasattr(value, "val_dataloader")


def _called(value: Any) -> str:
    if value is None:
        return "None"
    return f"the class {value.__name__}" if isinstance(value, type) else f"a {type(value).__name__}"


def loader(batches: Loader[Tensor] | None, data: Data, method: str) -> Loader[Tensor]:
    """The loader ``batches`` that the ``method`` of ``data`` returned, if it has a length.

    Raises:
        TypeError: it is None or has no length.
    """
    __tracebackhide__ = True
    expected = f"{type(data).__name__}.{method}() expected a loader with a length"
    if batches is None:
        raise TypeError(f"{expected}; received None. End get_dataloader with a return.")
    try:
        len(batches)
    except TypeError:
        raise TypeError(
            f"{expected}, its number of batches; received {_called(batches)} without a length. "
            "Return a list of batches, or an object with __len__ and __iter__."
        ) from None
    return batches


def optimizer(model: Model, methods: Sequence[str]) -> Optimizer:
    """The optimiser that ``model`` configures, if it has all ``methods``.

    Raises:
        TypeError: one of the methods is missing.
    """
    __tracebackhide__ = True
    found = model.configure_optimizers()
    if not isinstance(found, type) and all(hasattr(found, method) for method in methods):
        return found
    if found is None:
        advice = "End it with: return optimizer."
    elif isinstance(found, type):
        advice = f"Create an object: {found.__name__}(...)."
    elif isinstance(found, list | tuple | dict):
        advice = "Return the optimiser alone, without schedulers."  # unlike Lightning
    else:
        advice = "Return an optimiser of the framework, or a d2l.SGD."
    raise TypeError(
        f"{type(model).__name__}.configure_optimizers() expected to return an optimiser, "
        f"an object with {' and '.join(methods)}; it returned {_called(found)}. {advice}"
    )


def inputs(tensors: Tensors) -> None:
    """Check the inputs of the first batch.

    Raises:
        TypeError: there are images of type uint8, with values from 0 to 255. Training on them fails
            or, in JAX, diverges. Arrays of type uint8 with fewer than three axes may be tokens.
    """
    __tracebackhide__ = True
    for X in tensors:
        shape = tuple(getattr(X, "shape", ()))
        if len(shape) > 2 and "uint8" in str(X.dtype):
            raise TypeError(
                f"Expected images as floats, best in [0, 1]; received uint8 of shape {shape}. "
                "Scale them where the data are created or in Trainer.prepare_batch: "
                "d2l.astype(X, d2l.float32) / 255."
            )


def outputs(
    model: Model, scores: Tensor, labels: Tensor, to_numpy: Callable[[Tensor], NDArray[Any]]
) -> None:
    """Check that a classifier has an output for every label of the first batch.

    Args:
        scores: the model's outputs for that batch, of shape (..., classes).
        labels: its labels, of shape (...).
        to_numpy: a function that converts them to an array.

    Raises:
        ValueError: it has fewer. MXNet would use the last output, and JAX would compute nan.
    """
    __tracebackhide__ = True
    shape = tuple(getattr(scores, "shape", ()))
    if not hasattr(model, "accuracy") or shape[:-1] != tuple(getattr(labels, "shape", ())):
        return
    array = np.asarray(to_numpy(labels))
    if array.dtype.kind not in "iuf" or (array % 1).any():  # these are not class labels
        return
    largest = int(np.max(array))
    if largest >= max(shape[-1], 2):  # one output may predict the labels 0 and 1
        raise ValueError(
            f"{type(model).__name__} expected labels below {shape[-1]}, its number of outputs; "
            f"received the label {largest}. Give it {largest + 1} outputs or more, or correct the "
            "labels."
        )
