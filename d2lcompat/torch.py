"""``from d2lcompat import torch as d2l``: Dive into Deep Learning's classes in PyTorch.

The modules ``tensorflow.py``, ``jax.py`` and ``mxnet.py`` define the same names in the same order,
so if you know one you can read the others. Shared code is in ``_*.py``. Code that is specific to
PyTorch is here.
"""

import random
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from d2lcompat import _aliases, _checks, _data, _datamodule, _figures, _trainer
from d2lcompat._board import ProgressBoard
from d2lcompat._figures import plot, set_axes, set_figsize, show_images, use_svg_display
from d2lcompat._frameworks import not_installed
from d2lcompat._hparams import HyperParameters, add_to_class
from d2lcompat._timer import Timer
from d2lcompat._types import Optimizer

try:
    import torch
    from torch import nn
    from torch.nn import functional as F
except ModuleNotFoundError as error:
    raise not_installed("torch", error) from None

__all__ = [
    "SGD", "Classifier", "DataModule", "FashionMNIST", "HyperParameters", "Module", "ProgressBoard",
    "ResNeXtBlock", "Timer", "Trainer", "add_to_class", "arange", "argmax", "astype", "concat",
    "cpu", "exp", "float32", "gpu", "init_cnn", "int32", "log", "matmul", "nn_Module", "normal",
    "num_gpus", "numpy", "ones", "plot", "plt", "rand", "randint", "randn", "reduce_mean",
    "reduce_sum", "reshape", "seed_everything", "set_axes", "set_figsize", "show_images", "stack",
    "tensor", "to", "transpose", "try_gpu", "use_svg_display", "zeros", "zeros_like",
]  # fmt: skip

use_svg_display()

if TYPE_CHECKING:
    from matplotlib import pyplot as plt
else:
    __getattr__ = _figures.pyplot_when_asked(__name__)

nn_Module: TypeAlias = nn.Module
Tensor: TypeAlias = torch.Tensor
Tensors: TypeAlias = Sequence[Tensor]


def seed_everything(seed: int) -> None:
    """Seed Python, NumPy, PyTorch and the order of the training examples."""
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
    _data.set_data_seed(seed)


def cpu() -> torch.device:
    """The CPU."""
    return torch.device("cpu")


def gpu(i: int = 0) -> torch.device:
    """The GPU with index ``i``: CUDA, ROCm or Apple; an Apple GPU has no float64. The device is not
    checked and may be missing."""
    apple = not torch.cuda.device_count() and torch.backends.mps.is_available()
    return torch.device("mps" if apple else "cuda", i)


def num_gpus() -> int:
    """The number of GPUs."""
    return torch.cuda.device_count() or int(torch.backends.mps.is_available())


def try_gpu(i: int = 0) -> torch.device:
    """The GPU with index ``i`` if it exists, else the CPU."""
    return gpu(i) if num_gpus() >= i + 1 else cpu()


class Module(_trainer.ModuleMixin, HyperParameters, nn_Module):
    """The base class of models: a network, its loss, its steps and its optimiser.

    Args:
        plot_train_per_epoch: the number of points that a training curve has per epoch.
        plot_valid_per_epoch: the number of points of a validation curve.
    """

    def __init__(self, plot_train_per_epoch: int = 2, plot_valid_per_epoch: int = 1) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.board = ProgressBoard()

    def plot(self, key: str, value: Tensor | float, train: bool) -> None:
        """Report ``value`` as ``key`` of the current batch, detached from its graph."""
        super().plot(key, value.detach() if isinstance(value, torch.Tensor) else value, train)

    def training_step(self, batch: Tensors) -> Tensor:
        """Report and return the loss of a training batch."""
        loss = self.loss(self(*batch[:-1]), batch[-1])
        self.plot("loss", loss, train=True)
        return loss

    def validation_step(self, batch: Tensors) -> None:
        """Report the loss of a validation batch."""
        self.plot("loss", self.loss(self(*batch[:-1]), batch[-1]), train=False)

    def configure_optimizers(self) -> Optimizer:
        """The optimiser: stochastic gradient descent at the rate ``self.lr``."""
        return torch.optim.SGD(self.parameters(), lr=self.lr)

    def apply_init(self, inputs: Tensors, init: Callable[[nn.Module], None] | None = None) -> None:
        """Create the parameters of lazy layers by a forward pass; apply ``init`` to every layer."""
        with torch.no_grad():
            self.forward(*inputs)
        if init is not None:
            self.net.apply(init)


class DataModule(_datamodule.DataModule[Tensor]):
    __doc__ = _datamodule.DataModule.__doc__

    to_tensors = staticmethod(lambda arrays: tuple(map(torch.from_numpy, arrays)))
    to_numpy = staticmethod(lambda tensor: torch.as_tensor(tensor).detach().cpu().numpy())


class Trainer(_trainer.Trainer):
    __doc__ = _trainer.Trainer.__doc__

    optimizer_methods = ("step", "zero_grad")

    def available_gpus(self) -> list[torch.device]:
        """The available GPUs, as devices."""
        return [gpu(i) for i in range(num_gpus())]

    def prepare_batch(self, batch: Tensors) -> Tensors:
        """The batch that a step receives: on the model's device."""
        return [to(a, self.gpus[0]) for a in batch] if self.gpus else batch

    def prepare_model(self, model: Module) -> None:
        """Prepare the model: clear its board, move it to the device, create lazy parameters."""
        super().prepare_model(model)
        if self.gpus:
            model.to(self.gpus[0])
        # In evaluation mode dropout draws no random numbers, so initial weights do not depend on p.
        model.eval()
        batch = self.first_batch()
        with torch.no_grad():
            scores = model(*batch[:-1])
        if not getattr(batch[-1], "is_meta", False):  # such a tensor has no values
            _checks.outputs(model, scores, batch[-1], DataModule.to_numpy)

    def end_training(self) -> None:
        """Switch the model to evaluation mode, also after an error or interrupt."""
        self.model.eval()

    def fit_epoch(self):
        """Go once through the training data, then through the validation data."""
        self.model.train()
        for batch in self.train_dataloader:
            loss = self.model.training_step(self.prepare_batch(batch))
            self.optim.zero_grad()
            loss.backward()
            with torch.no_grad():
                if self.gradient_clip_val > 0:
                    self.clip_gradients(self.gradient_clip_val, self.model)
                self.optim.step()
            self.train_batch_idx += 1
        self.model.eval()
        if self.val_dataloader is None:
            return
        for batch in self.val_dataloader:
            with torch.no_grad():
                self.model.validation_step(self.prepare_batch(batch))
            self.val_batch_idx += 1

    def clip_gradients(self, grad_clip_val: float, model: Module) -> None:
        """Scale all gradients so that their common norm is at most ``grad_clip_val``."""
        # The parameters of a model from scratch are plain tensors, which only the optimiser stores.
        params = list(model.parameters()) or self.optim.params
        torch.nn.utils.clip_grad_norm_(params, grad_clip_val)


class SGD(HyperParameters):
    """Minibatch stochastic gradient descent from scratch, on the tensors ``params``."""

    def __init__(self, params: Tensors, lr: float) -> None:
        self.save_hyperparameters()

    def step(self) -> None:
        """Subtract from every parameter its gradient, multiplied by ``lr``."""
        for param in self.params:
            param -= self.lr * param.grad

    def zero_grad(self) -> None:
        """Set all gradients to zero."""
        for param in self.params:
            if param.grad is not None:
                param.grad.zero_()


class Classifier(Module):
    """The base class of classification models."""

    def validation_step(self, batch: Tensors) -> None:
        """Report the loss and accuracy of a validation batch."""
        Y_hat = self(*batch[:-1])
        self.plot("loss", self.loss(Y_hat, batch[-1]), train=False)
        self.plot("acc", self.accuracy(Y_hat, batch[-1]), train=False)

    def accuracy(self, Y_hat: Tensor, Y: Tensor, averaged: bool = True) -> Tensor:
        """The share of rows of ``Y_hat`` whose largest entry is at the label ``Y``.

        Args:
            Y_hat: scores of shape (..., classes).
            Y: labels of shape (...), integers.
            averaged: if False, return a float 0 or 1 for each example.
        """
        Y_hat = reshape(Y_hat, (-1, Y_hat.shape[-1]))
        preds = astype(argmax(Y_hat, axis=1), Y.dtype)
        compare = astype(preds == reshape(Y, -1), float32)
        return reduce_mean(compare) if averaged else compare

    def loss(self, Y_hat: Tensor, Y: Tensor, averaged: bool = True) -> Tensor:
        """The cross-entropy of the logits ``Y_hat`` for the labels ``Y``, in nats.

        With ``averaged=False``, return the loss of each example; shapes are those of ``accuracy``.
        """
        Y_hat = reshape(Y_hat, (-1, Y_hat.shape[-1]))
        Y = reshape(_trainer.integer_labels(Y), (-1,))
        return F.cross_entropy(Y_hat, Y.long(), reduction="mean" if averaged else "none")

    def layer_summary(self, X_shape: Sequence[int]) -> None:
        """Print the shape of every layer's output for an input of shape ``X_shape``."""
        X = randn(*X_shape)
        for layer in self.net:
            X = layer(X)
            print(layer.__class__.__name__, "output shape:\t", X.shape)


def init_cnn(module: nn.Module) -> None:
    """Draw new weights for a linear or convolutional layer, as Glorot and Bengio (2010) do.

    It is what ``apply_init`` applies to the layers of a convolutional network.
    """
    if isinstance(module, nn.Linear | nn.Conv2d):
        nn.init.xavier_uniform_(module.weight)


class ResNeXtBlock(nn.Module):
    """The ResNeXt block (Xie et al., 2017, Fig. 3c): a bottleneck with a grouped convolution, added
    to its input.

    Args:
        num_channels: the channels of the output. The input has as many, unless ``use_1x1conv``.
        groups: the channels in each group of the 3 × 3 convolution, as in d2l; it is not the number
            of groups.
        bot_mul: the bottleneck has ``num_channels * bot_mul`` channels, rounded.
        use_1x1conv: whether a 1 × 1 convolution changes the input before the addition.
        strides: the stride of the 3 × 3 convolution; more than 1 needs ``use_1x1conv``.
    """

    def __init__(
        self,
        num_channels: int,
        groups: int,
        bot_mul: float,
        use_1x1conv: bool = False,
        strides: int = 1,
    ) -> None:
        super().__init__()
        bot = round(num_channels * bot_mul)
        grouped = nn.LazyConv2d(bot, 3, stride=strides, padding=1, groups=bot // groups)
        self.branch = nn.Sequential(
            nn.LazyConv2d(bot, 1), nn.LazyBatchNorm2d(), nn.ReLU(),
            grouped, nn.LazyBatchNorm2d(), nn.ReLU(),
            nn.LazyConv2d(num_channels, 1), nn.LazyBatchNorm2d(),
        )  # fmt: skip
        self.shortcut = nn.Sequential()
        if use_1x1conv:
            self.shortcut.append(nn.LazyConv2d(num_channels, 1, stride=strides))
            self.shortcut.append(nn.LazyBatchNorm2d())

    def forward(self, X: Tensor) -> Tensor:
        """The images ``X``, of ``num_channels`` channels and divided in size by ``strides``."""
        return F.relu(self.branch(X) + self.shortcut(X))


class FashionMNIST(_datamodule.FashionMNIST[Tensor], DataModule):
    __doc__ = _datamodule.FashionMNIST.__doc__

    channel_axis = 1
    label_dtype = "int64"


# d2l's names for functions that have other names in the framework.
method = _aliases.methods_of(Tensor)
float32, int32 = torch.float32, torch.int32
arange, ones, zeros, zeros_like = torch.arange, torch.ones, torch.zeros, torch.zeros_like
concat, exp, log, matmul, stack = torch.cat, torch.exp, torch.log, torch.matmul, torch.stack
normal, rand, randint, randn = torch.normal, torch.rand, torch.randint, torch.randn
tensor = torch.tensor
argmax, reduce_mean, reduce_sum = method("argmax"), method("mean"), method("sum")
astype, reshape, to, transpose = method("type"), method("reshape"), method("to"), method("t")


def numpy(x: Tensor, *args: Any, **kwargs: Any) -> NDArray[Any]:
    """The tensor ``x`` as a NumPy array, detached and on the CPU."""
    return x.detach().cpu().numpy(*args, **kwargs)
