"""What tests need of any framework. Arrays that go in and come out are NumPy's."""

import contextlib
import functools
import types

import numpy as np

from backends.notebooks import definitions


class Replaced:
    """A module in which some names mean something else."""

    def __init__(self, target, **names):
        self.__dict__.update(names)
        self._target = target

    def __getattr__(self, name):
        return getattr(self._target, name)


class Backend:
    """A framework as tests see it."""

    label_dtype = np.int32

    def __init__(self, framework: str, d2l: types.ModuleType):
        self.name = framework
        self.d2l = d2l

    @functools.cached_property
    def page(self) -> types.ModuleType:
        """The definitions of the chapter on dropout."""
        return definitions(self.name, "dropout")

    # Tensors

    def tensor(self, array):
        """An array as the framework's tensor, of the same dtype."""
        raise NotImplementedError

    def numpy(self, tensor) -> np.ndarray:
        """A tensor as an array."""
        return np.asarray(tensor)

    def gradient(self, function, x, weights) -> np.ndarray:
        """The gradient of the sum of ``weights * function(x)`` with respect to ``x``."""
        raise NotImplementedError

    # Layers

    def source(self, rng) -> dict:
        """What a page's function that draws is given besides: a key, the generator, or nothing."""
        return {}

    def mode(self, training):
        """The context in which layers train or evaluate, where a framework has one."""
        return contextlib.nullcontext()

    def layer(self, Layer, *args, rng, training=True, **options):
        """A page's layer, made with the arguments: tensors -> tensor."""
        raise NotImplementedError

    def run(self, copied, *X, training=True):
        """What a page's function, layer or model makes of tensors."""
        raise NotImplementedError

    def scratch(self, p):
        """``dropout_layer`` of the notebook with the probability ``p``: tensor -> tensor."""
        return lambda X: self.page.dropout_layer(X, p)

    def stock(self, p, training=True):
        """The framework's own layer: tensor -> tensor."""
        raise NotImplementedError

    def drop(self, kind, x, p, seed=None) -> np.ndarray:
        """What a layer makes of ``x`` in training; with a seed, everything is seeded before."""
        if seed is not None:
            self.d2l.seed_everything(seed)
        return self.numpy(getattr(self, kind)(p)(self.tensor(x)))

    def drop_gradient(self, kind, x, p, seed, weights) -> np.ndarray:
        """The gradient of the sum of ``weights`` times what ``drop`` returns."""
        self.d2l.seed_everything(seed)
        return self.gradient(getattr(self, kind)(p), x, weights)

    # Models and their training

    def model(self, kind="stock", p=0.0, p2=None, lr=0.1, hiddens=16, outputs=3):
        """The notebook's multilayer perceptron; ``p2``, of the second layer, is ``p`` if None."""
        Model = self.page.DropoutMLPScratch if kind == "scratch" else self.page.DropoutMLP
        model = Model(
            num_outputs=outputs,
            num_hiddens_1=hiddens,
            num_hiddens_2=hiddens,
            dropout_1=p,
            dropout_2=p if p2 is None else p2,
            lr=lr,
        )
        model.board.display = False
        return model

    def net(self):
        """An untrained classifier with an attribute ``net``: 8 hidden units, 3 outputs, and a
        method ``initialise`` that takes an example batch to ``apply_init``."""
        raise NotImplementedError

    def line(self, lr):
        """Linear regression on two features from scratch, with ``d2l.SGD``."""
        raise NotImplementedError

    def line_parameters(self, trainer) -> np.ndarray:
        """Its trained weights and offset."""
        return np.append(self.numpy(trainer.model.w), self.numpy(trainer.model.b))

    def data(self, train, val=None, batch_size=8):
        """A data module of two pairs of arrays."""
        convert = self._example_tensors

        class Examples(self.d2l.DataModule):
            def __init__(self):
                super().__init__()
                self.batch_size = batch_size
                self.pairs = {True: convert(train), False: None if val is None else convert(val)}

            def get_dataloader(self, train):
                pair = self.pairs[train]
                return None if pair is None else self.get_tensorloader(pair, train)

        return Examples()

    def _example_tensors(self, pair):
        X, y = (np.asarray(array) for array in pair)
        y = y.astype(self.label_dtype if y.dtype.kind in "iu" else np.float32)
        return self.tensor(X.astype(np.float32)), self.tensor(y)

    def fit(self, model, data, seed=None, max_epochs=1, **options):
        """Train and return the trainer; with a seed, everything is seeded before."""
        if seed is not None:
            self.d2l.seed_everything(seed)
        trainer = self.d2l.Trainer(max_epochs=max_epochs, **options)
        trainer.fit(model, data)
        self.finish()
        return trainer

    def begin(self, model, data, seed):
        """Seed everything, make the model ready for training, and return the trainer, untrained."""

        class Beginner(self.d2l.Trainer):
            def fit_epoch(self):
                """Compile no step and take none."""

        self.d2l.seed_everything(seed)
        trainer = Beginner(max_epochs=1)
        trainer.fit(model(), data)
        return trainer

    def fit_new(self, data, seed=0, kind="stock", max_epochs=1, gradient_clip_val=0, **options):
        """Seed everything, make a model, train it and return the trainer."""
        self.d2l.seed_everything(seed)
        model = self.model(kind, **options)
        return self.fit(model, data, max_epochs=max_epochs, gradient_clip_val=gradient_clip_val)

    def finish(self):
        """Wait until everything that was asked for has been computed."""

    def weights(self, trainer) -> list[np.ndarray]:
        """Weights (inputs × outputs) and offsets of a trained model, layer by layer."""
        raise NotImplementedError

    def parameters(self, trainer) -> list[np.ndarray]:
        """All parameters of a model, in an order of the framework's."""
        return self.weights(trainer)

    def predict(self, trainer, X, training=False) -> np.ndarray:
        """The outputs of a trained model."""
        raise NotImplementedError

    def eager_loop(self, Trainer):
        """Give ``Trainer`` a ``fit_epoch`` as *Dive into Deep Learning* prints it."""
        raise NotImplementedError

    def record_masks(self, monkeypatch) -> list[np.ndarray]:
        """From now on, what every dropout layer of a model multiplies its input by is appended to
        the returned list, in training and in evaluation, for each step that is run."""
        scales: list[np.ndarray] = []
        original = self.page.dropout_layer

        def recorded(H, *args):
            scale = original(self.page_ones_like(H), *args)
            self.tap(scale, scales)
            return H * scale

        monkeypatch.setattr(self.page, "dropout_layer", recorded)
        self._record_stock(monkeypatch, scales)
        return scales

    def page_ones_like(self, H):
        """Ones of the shape and type of a tensor."""
        raise NotImplementedError

    def tap(self, tensor, values: list):
        """Append a tensor's value, whenever it is computed, to the list."""
        values.append(self.numpy(tensor))

    def _record_stock(self, monkeypatch, scales):
        raise NotImplementedError
