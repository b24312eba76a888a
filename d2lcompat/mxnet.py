"""``from d2lcompat import mxnet as d2l``: Dive into Deep Learning's classes in MXNet (Gluon).

The modules ``torch.py``, ``tensorflow.py`` and ``jax.py`` define the same names in the same order,
so if you know one you can read the others. Shared code is in ``_*.py``. Code that is specific to
MXNet is here. Apache retired MXNet in September 2023. Its last release was made for an older NumPy,
and the shim for that is only in this module.
"""

import math
import random
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as _numpy

from d2lcompat import _aliases, _checks, _data, _datamodule, _figures, _trainer
from d2lcompat._board import ProgressBoard
from d2lcompat._figures import plot, set_axes, set_figsize, show_images, use_svg_display
from d2lcompat._frameworks import not_installed
from d2lcompat._hparams import HyperParameters, add_to_class
from d2lcompat._timer import Timer
from d2lcompat._types import Optimizer

if "bool" not in vars(_numpy):
    vars(_numpy)["bool"] = _numpy.bool_  # MXNet 1.9.1 uses a name that NumPy 1.24 removed

try:
    import mxnet
    from mxnet import autograd, gluon, nd, np, npx
    from mxnet.gluon import nn
except ModuleNotFoundError as error:
    raise not_installed("mxnet", error) from None

__all__ = [
    "SGD", "Classifier", "DataModule", "FashionMNIST", "HyperParameters", "Module", "ProgressBoard",
    "ResNeXtBlock", "Timer", "Trainer", "add_to_class", "arange", "argmax", "astype", "concat",
    "cpu", "exp", "float32", "gpu", "int32", "log", "matmul", "nn_Module", "normal", "num_gpus",
    "numpy", "ones", "plot", "plt", "rand", "randint", "randn", "reduce_mean", "reduce_sum",
    "reshape", "seed_everything", "set_axes", "set_figsize", "show_images", "stack", "tensor", "to",
    "transpose", "try_gpu", "use_svg_display", "zeros", "zeros_like",
]  # fmt: skip

use_svg_display()
npx.set_np()

if TYPE_CHECKING:
    from matplotlib import pyplot as plt
else:
    __getattr__ = _figures.pyplot_when_asked(__name__)

nn_Module: TypeAlias = nn.Block
Tensor: TypeAlias = np.ndarray
Tensors: TypeAlias = Sequence[Tensor]


def seed_everything(seed: int) -> None:
    """Seed Python, NumPy, MXNet and the order of the training examples."""
    random.seed(seed)
    _numpy.random.seed(seed)
    mxnet.random.seed(seed)
    _data.set_data_seed(seed)


def cpu() -> mxnet.Context:
    """The CPU."""
    return npx.cpu()


def gpu(i: int = 0) -> mxnet.Context:
    """The GPU with index ``i``."""
    return npx.gpu(i)


def num_gpus() -> int:
    """The number of GPUs."""
    return npx.num_gpus()


def try_gpu(i: int = 0) -> mxnet.Context:
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

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        # A copied array has no gradient buffer until one is attached.
        for param in self.collect_params().values():
            grad_req, param.grad_req = param.grad_req, "null"
            param.grad_req = grad_req
        for param in self.get_scratch_params():
            param.attach_grad()

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
        params = self.parameters()
        if isinstance(params, list):
            return SGD(params, self.lr)
        return gluon.Trainer(params, "sgd", {"learning_rate": self.lr})

    def apply_init(self, inputs: Tensors, init: mxnet.init.Initializer | None = None) -> None:
        """Create the layers' parameters by a forward pass, initialised by ``init`` if given."""
        if init is not None:
            self.net.initialize(init, force_reinit=True)
        self.forward(*inputs)

    def get_scratch_params(self) -> list[Tensor]:
        """A list of the arrays that are attributes of this model or of a model inside it."""
        params = []
        for value in vars(self).values():
            if isinstance(value, np.ndarray):
                params.append(value)
            if isinstance(value, Module):
                params.extend(value.get_scratch_params())
        return params

    def parameters(self) -> gluon.ParameterDict | list[Tensor]:
        """The parameters of the layers, or a list of arrays if there are no layers."""
        params = self.collect_params()  # a model from scratch may define it, and return a list
        return params if list(params) else self.get_scratch_params()

    def set_scratch_params_device(self, device: mxnet.Context) -> None:
        """Move the arrays of ``get_scratch_params`` to the device."""
        for name, value in list(vars(self).items()):
            if isinstance(value, np.ndarray):
                setattr(self, name, value.as_in_ctx(device))
                getattr(self, name).attach_grad()
            if isinstance(value, Module):
                value.set_scratch_params_device(device)


class DataModule(_datamodule.DataModule[Tensor]):
    __doc__ = _datamodule.DataModule.__doc__

    to_tensors = staticmethod(lambda arrays: tuple(np.array(a, dtype=a.dtype) for a in arrays))
    to_numpy = staticmethod(lambda a: a.asnumpy() if isinstance(a, np.ndarray) else a)


class Trainer(_trainer.Trainer):
    __doc__ = _trainer.Trainer.__doc__

    optimizer_methods = ("step",)

    def available_gpus(self) -> list[mxnet.Context]:
        """The available GPUs, as devices."""
        return [gpu(i) for i in range(num_gpus())]

    def prepare_batch(self, batch: Tensors) -> Tensors:
        """The batch that a step receives: on the model's device."""
        return [to(a, self.gpus[0]) for a in batch] if self.gpus else batch

    def prepare_model(self, model: Module) -> None:
        """Prepare the model: clear its board, move it to the device, create deferred parameters."""
        super().prepare_model(model)
        if self.gpus:
            nn.Block.collect_params(model).reset_ctx(self.gpus[0])
            model.set_scratch_params_device(self.gpus[0])
        # In evaluation mode dropout draws no random numbers, so initial weights do not depend on p.
        batch = self.first_batch()
        _checks.outputs(model, model(*batch[:-1]), batch[-1], DataModule.to_numpy)

    def fit_epoch(self):
        """Go once through the training data, then through the validation data."""
        for batch in self.train_dataloader:
            with autograd.record():
                loss = self.model.training_step(self.prepare_batch(batch))
            loss.backward()
            if self.gradient_clip_val > 0:
                self.clip_gradients(self.gradient_clip_val, self.model)
            self.optim.step(1)  # 1, not the batch size: the loss is a mean already
            self.train_batch_idx += 1
        if self.val_dataloader is None:
            return
        for batch in self.val_dataloader:
            self.model.validation_step(self.prepare_batch(batch))
            self.val_batch_idx += 1

    def clip_gradients(self, grad_clip_val: float, model: Module) -> None:
        """Scale all gradients so that their common norm is at most ``grad_clip_val``."""
        params = model.parameters()
        if not isinstance(params, list):  # of layers; running statistics have no gradient
            params = [p.data() for p in params.values() if p.grad_req != "null"]
        grads = [a.grad for a in params]
        # One operator for all arrays: an operator each takes longer than the step itself
        squares = nd.multi_sum_sq(*(g.as_nd_ndarray() for g in grads), num_arrays=len(grads))
        norm = math.sqrt(float(squares.sum().asscalar()))
        if norm > grad_clip_val:
            for grad in grads:
                grad *= grad_clip_val / norm


class SGD(HyperParameters):
    """Minibatch stochastic gradient descent from scratch, on the arrays ``params``."""

    def __init__(self, params: Tensors, lr: float) -> None:
        self.save_hyperparameters()

    def step(self, _: int) -> None:
        """Subtract from every parameter its gradient, multiplied by ``lr``."""
        for param in self.params:
            param -= self.lr * param.grad


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
        Y = reshape(Y, (-1,))
        # MXNet's arrays are float32 by default, so whole numbers of this type are accepted.
        if "float" not in str(Y.dtype) or (numpy(Y) % 1).any():
            _trainer.integer_labels(Y)
        losses = gluon.loss.SoftmaxCrossEntropyLoss()(Y_hat, Y)
        return reduce_mean(losses) if averaged else losses

    def layer_summary(self, X_shape: Sequence[int]) -> None:
        """Print the shape of every layer's output for an input of shape ``X_shape``."""
        X = randn(*X_shape)
        for layer in self.net:
            X = layer(X)
            print(layer.__class__.__name__, "output shape:\t", X.shape)


class ResNeXtBlock(nn.Block):
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
        grouped = nn.Conv2D(bot, 3, strides=strides, padding=1, groups=bot // groups)
        self.branch, self.shortcut = nn.Sequential(), nn.Sequential()
        self.branch.add(
            nn.Conv2D(bot, 1), nn.BatchNorm(), nn.Activation("relu"),
            grouped, nn.BatchNorm(), nn.Activation("relu"),
            nn.Conv2D(num_channels, 1), nn.BatchNorm(),
        )  # fmt: skip
        if use_1x1conv:
            self.shortcut.add(nn.Conv2D(num_channels, 1, strides=strides), nn.BatchNorm())

    def forward(self, X: Tensor) -> Tensor:
        """The images ``X``, of ``num_channels`` channels and divided in size by ``strides``."""
        return npx.relu(self.branch(X) + self.shortcut(X))


class FashionMNIST(_datamodule.FashionMNIST[Tensor], DataModule):
    __doc__ = _datamodule.FashionMNIST.__doc__

    channel_axis = 1


# d2l's names for functions that have other names in the framework.
method = _aliases.methods_of(Tensor)
float32, int32 = np.float32, np.int32
arange, ones, zeros, zeros_like = np.arange, np.ones, np.zeros, np.zeros_like
concat, exp, log, matmul, stack = np.concatenate, np.exp, np.log, np.dot, np.stack
normal, rand, randint, randn = (
    np.random.normal, np.random.rand, np.random.randint, np.random.randn,
)  # fmt: skip
tensor = np.array
argmax, reduce_mean, reduce_sum = method("argmax"), method("mean"), method("sum")
astype, reshape, to = method("astype"), method("reshape"), method("as_in_context")
numpy = _aliases.methods_of(_numpy.ndarray)("asnumpy")
transpose = np.transpose
