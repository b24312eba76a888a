"""The pages of the book whose layers are tested, with NumPy arrays going in and coming out."""

import functools

import numpy as np
import pytest

from backends.lookup import required
from backends.notebooks import ARRAYS, definitions


class Page:
    """What a page defines in one framework.

    Attributes:
        code: the module with the notebook's definitions.
        rng: the generator that NumPy's functions draw from.
    """

    def __init__(self, framework: str, name: str):
        self.framework = framework
        self.backend = required(framework)
        self.code = definitions(framework, name)
        self.seed(0)

    def seed(self, seed):
        """Seed everything that the page draws from."""
        self.backend.d2l.seed_everything(seed)
        self.rng = np.random.default_rng(seed)

    def source(self) -> dict:
        """What a function that draws is given besides: a key, a generator, or nothing."""
        return self.backend.source(self.rng)

    def tensor(self, value):
        """An array as the framework's tensor; anything else as it is."""
        return self.backend.tensor(value) if isinstance(value, np.ndarray) else value

    def numpy(self, tensor) -> np.ndarray:
        """A tensor as an array."""
        return self.backend.numpy(tensor)

    def call(self, function, *args, draws=True, **options) -> np.ndarray:
        """What the page's function of that name makes of arrays and other arguments."""
        args = [self.tensor(a) for a in args]
        options = {name: self.tensor(value) for name, value in options.items()}
        more = self.source() if draws else {}
        return self.numpy(getattr(self.code, function)(*args, **options, **more))

    def layer(self, name, *args, training=True, **options):
        """The page's layer of that name: tensors -> tensor."""
        Layer = getattr(self.code, name)
        return self.backend.layer(Layer, *args, rng=self.rng, training=training, **options)

    def gradient(self, function, x, weights) -> np.ndarray:
        """The gradient of the sum of ``weights * function(x)`` with respect to ``x``."""
        return self.backend.gradient(function, x, weights)

    def gradients(self, function, inputs, weights) -> list[np.ndarray]:
        """The gradients of the sum of ``weights * function(*inputs)`` for each of the inputs."""

        def of_one(place):
            others = [self.tensor(a) for a in inputs]

            def weighted(X):
                Y = function(*others[:place], X, *others[place + 1 :])
                return self.code.d2l.reduce_sum(Y * self.tensor(weights))

            # The backend weighs and sums entries of the shape of X.
            X = inputs[place]
            return self.gradient(weighted, X, np.full(X.shape, 1 / X.size, np.float32))

        return [of_one(place) for place in range(len(inputs))]

    def model(self, name, *args, **options):
        """The page's model of that name, which draws no curves."""
        model = getattr(self.code, name)(*args, **options)
        model.board.display = False
        return model

    def begin(self, data, name, *args, seed=3, **options):
        """A trainer with the page's model of that name, seeded and made ready, but untrained."""
        return self.backend.begin(lambda: self.model(name, *args, **options), data, seed)


class MapsPage(Page):
    """A page whose arrays of four axes are maps: channels come first here, in all frameworks."""

    def order(self, x):
        """An array in the framework's order of axes."""
        last = self.framework in ("tensorflow", "jax") and np.ndim(x) == 4
        return np.ascontiguousarray(x.transpose(0, 2, 3, 1)) if last else x

    def tensor(self, value):
        return super().tensor(self.order(value))

    def numpy(self, tensor):
        x = super().numpy(tensor)
        return x.transpose(0, 3, 1, 2) if self.order(x) is not x else x

    def gradient(self, function, x, weights):
        gradient = super().gradient(function, self.order(x), self.order(weights))
        return gradient.transpose(0, 3, 1, 2) if self.order(x) is not x else gradient


@functools.cache
def page_of(framework: str, name: str) -> Page:
    """The one object of a page and a framework."""
    return (MapsPage if name in ("spatial", "dropblock") else Page)(framework, name)


def each(page: str, frameworks=ARRAYS):
    """A mark that runs a test for each of the frameworks, and names the notebook."""
    return pytest.mark.parametrize(
        "framework", frameworks, indirect=True, ids=lambda name: f"chapters/{name}/{page}.ipynb"
    )
