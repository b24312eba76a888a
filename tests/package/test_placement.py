"""Which GPUs the package finds, and that a trainer keeps everything on the one it takes.

No GPU is needed. A second CPU device stands in for it, in a process of its own, since TensorFlow
and JAX have to know of two before they are first used. PyTorch has one processor only; its device
for tensors without values stands in, on which all but the report of a loss can be run.
"""

import importlib
import json
import sys

import numpy as np
import pytest
from backends import backend_of, declare_two_processors, examples, run_alone

TRAIN, VAL = examples(20, seed=1), examples(13, seed=2)
SECOND = {"pytorch": "meta", "tensorflow": "CPU:1", "jax": "TFRT_CPU_1", "mxnet": "cpu(1)"}


def second_device(framework):
    """The device that stands in for a GPU."""
    declare_two_processors(framework)
    if framework == "tensorflow":
        return importlib.import_module("tensorflow").device("/CPU:1")
    if framework == "jax":
        return importlib.import_module("jax").devices("cpu")[1]
    return importlib.import_module("mxnet").cpu(1) if framework == "mxnet" else "meta"


def trainable(framework, trainer) -> list:
    """All that changes in training."""
    if framework == "jax":
        return importlib.import_module("jax").tree.leaves(trainer.state)
    if framework == "tensorflow":
        return [v.value for v in trainer.model.trainable_variables]
    parameters = trainer.model.parameters()
    return [p.data() for p in parameters.values()] if framework == "mxnet" else list(parameters)


def measure(framework) -> dict:
    """Where everything was in training on the second device, and the history; and that on the
    first one."""
    backend, device = backend_of(framework), second_device(framework)
    data, tensors = backend.data(TRAIN, VAL), []

    class There(backend.d2l.Trainer):
        def available_gpus(self):
            return [device]

        def prepare_batch(self, batch):
            batch = super().prepare_batch(batch)
            if framework != "tensorflow":  # its steps fetch their batches themselves
                tensors.extend(batch)
            return batch

        def report(self, label, value):
            if self._traced is None:
                tensors.append(value)
            if framework == "pytorch":
                value = 0.0
            super().report(label, value)

    backend.d2l.seed_everything(0)
    model, trainer = backend.model(p=0.5), There(max_epochs=2, num_gpus=1)
    if framework == "pytorch":
        model(backend.tensor(TRAIN[0]))  # a lazy layer moved to "meta" never learns its shape
    trainer.fit(model, data)
    tensors += trainable(framework, trainer)
    first = backend.fit_new(data, p=0.5, max_epochs=2)
    return {
        "places": sorted({str(t.ctx if framework == "mxnet" else t.device) for t in tensors}),
        "there": trainer.history,
        "here": first.history,
    }


def test_everything_is_on_the_device_that_the_trainer_takes(backend):
    found = json.loads(run_alone(__file__, backend.name).splitlines()[-1])
    (place,) = found["places"]
    assert place.endswith(SECOND[backend.name])
    if backend.name != "pytorch":
        for name, values in found["here"].items():
            np.testing.assert_allclose(found["there"][name], values, rtol=1e-5)


@pytest.mark.parametrize("cuda", [0, 2])
@pytest.mark.parametrize("apple", [False, True])
def test_pytorch_takes_cuda_before_apple(monkeypatch, cuda, apple):
    torch = pytest.importorskip("torch", reason="a law of PyTorch's module")
    d2l = backend_of("pytorch").d2l
    monkeypatch.setattr(torch.cuda, "device_count", lambda: cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: apple)
    name = "mps" if apple and not cuda else "cuda"
    assert d2l.num_gpus() == (cuda or apple)
    assert d2l.gpu(1) == torch.device(name, 1)
    assert d2l.try_gpu() == (torch.device(name, 0) if cuda or apple else torch.device("cpu"))
    assert d2l.try_gpu(2) == torch.device("cpu")


@pytest.mark.parametrize("platform", ["gpu", "tpu", "METAL"])
def test_jax_takes_what_there_is_beside_the_processor(monkeypatch, platform):
    jax = pytest.importorskip("jax", reason="a law of JAX's module")
    d2l = backend_of("jax").d2l

    def local_devices(backend):
        if backend not in ("cpu", platform):
            raise RuntimeError(f"Unknown backend: '{backend}' requested")
        return [f"{backend} 0", f"{backend} 1"]

    monkeypatch.setattr(jax, "local_devices", local_devices)
    assert (d2l.cpu(), d2l.num_gpus(), d2l.gpu(1)) == ("cpu 0", 2, f"{platform} 1")
    assert (d2l.try_gpu(), d2l.try_gpu(2)) == (f"{platform} 0", "cpu 0")


def test_tensorflow_leaves_hidden_gpus_alone(monkeypatch):
    tf = pytest.importorskip("tensorflow", reason="a law of TensorFlow's module")
    d2l = backend_of("tensorflow").d2l
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: ["one", "other"])
    monkeypatch.setattr(tf.config, "get_visible_devices", lambda kind: ["other"])
    assert d2l.num_gpus() == 1


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1])))
