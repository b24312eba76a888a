"""What was found wrong in d2l 1.0.3 with its data: none of it is wrong here."""

import re

import numpy as np
import pytest

from d2lcompat import _datamodule
from d2lcompat._data import BatchLoader
from d2lcompat._data.files import Arrays, DataUnavailableError

SMALL = Arrays(
    train_images=np.arange(50, dtype=np.uint8)[:, None, None] * np.ones((28, 28), np.uint8),
    train_labels=np.arange(50, dtype=np.int32) % 10,
    val_images=np.arange(17, dtype=np.uint8)[:, None, None] * np.ones((28, 28), np.uint8),
    val_labels=np.arange(17, dtype=np.int32) % 10,
    synthetic=False,
)


@pytest.fixture
def small_set(monkeypatch):
    """Fashion-MNIST with 50 and 17 images, each of one grey: its number."""
    asked = []

    def fashion_mnist(data_dir=None):
        asked.append(data_dir)
        return SMALL

    monkeypatch.setattr(_datamodule._data, "fashion_mnist", fashion_mnist)
    return asked


def flat(lists):
    return [value for values in lists for value in values]


def greys(backend, loader):
    """Which images a loader gave, batch by batch."""
    return [np.rint(backend.numpy(X)[:, 7, 0, 0] * 255 if X.shape[1] != 1
                    else backend.numpy(X)[:, 0, 7, 0] * 255).astype(int).tolist()
            for X, _ in loader]  # fmt: skip


def test_examples_are_shuffled_not_batches_and_alike_in_all_frameworks(backend, small_set):
    """d2l on TensorFlow and JAX: ``.batch().shuffle()``. The order here is BatchLoader's, which
    knows no framework; so it is the same in all four."""
    backend.d2l.seed_everything(3)
    loader = backend.d2l.FashionMNIST(batch_size=8).train_dataloader()
    plain = BatchLoader((np.arange(50),), 8, True, lambda arrays: arrays[0].tolist(), seed=3)
    assert len(loader) == 7
    epochs = [greys(backend, loader) for _ in range(2)]
    assert epochs == [list(plain), list(plain)]
    assert epochs[0] != epochs[1]
    for epoch in epochs:
        assert sorted(flat(epoch)) == list(range(50))
        # No batch is a stretch of the file, as it is where batches are shuffled.
        assert all(max(batch) - min(batch) >= len(batch) for batch in epoch)
    labels = [backend.numpy(y).tolist() for _, y in loader]
    assert labels == [[k % 10 for k in batch] for batch in list(plain)]


def test_validation_keeps_the_order_of_the_file(backend, small_set):
    loader = backend.d2l.FashionMNIST(batch_size=8).val_dataloader()
    for _ in range(2):
        assert flat(greys(backend, loader)) == list(range(17))


def test_tensorloaders_share_the_order(backend):
    data = backend.data((np.zeros((23, 2)), np.arange(23)))
    backend.d2l.seed_everything(11)
    loader = data.train_dataloader()
    plain = BatchLoader((np.arange(23),), 8, True, lambda arrays: arrays[0].tolist(), seed=11)
    for _ in range(2):
        assert [backend.numpy(y).tolist() for _, y in loader] == list(plain)


def test_root_and_data_dir_are_used(backend, small_set, monkeypatch, tmp_path):
    """d2l's loaders ignore where the data are."""
    assert backend.d2l.DataModule(root="here").root == "here"
    backend.d2l.FashionMNIST(data_dir="there")
    backend.d2l.FashionMNIST()
    assert small_set == ["there", None]
    monkeypatch.undo()
    with pytest.raises(DataUnavailableError, match=re.escape(str(tmp_path / "nowhere"))):
        backend.d2l.FashionMNIST(data_dir=tmp_path / "nowhere")


def test_images_are_what_the_chapter_says(backend, small_set):
    data = backend.d2l.FashionMNIST(batch_size=8, resize=(6, 4))
    X, y = data.val_dataloader().peek()
    channels_first = backend.name in ("pytorch", "mxnet")
    assert tuple(X.shape) == ((8, 1, 6, 4) if channels_first else (8, 6, 4, 1))
    assert backend.numpy(X).dtype == np.float32
    np.testing.assert_allclose(backend.numpy(X).reshape(8, -1).mean(axis=1), np.arange(8) / 255)
    assert np.issubdtype(backend.numpy(y).dtype, np.integer)
    assert data.text_labels(y[:2]) == ["t-shirt", "trouser"]


def test_fewer_images_are_the_first_ones(backend, small_set):
    FashionMNIST = backend.d2l.FashionMNIST
    everything, few = FashionMNIST(batch_size=5), FashionMNIST(batch_size=5, num_train=7, num_val=3)
    assert (len(few.train), len(few.train_dataloader())) == (7 if few.channel_axis == 1 else 2, 2)
    for loader, number in ((few.train_dataloader(), 7), (few.val_dataloader(), 3)):
        assert sum(len(y) for _, y in loader) == number
    all_X, few_X = (backend.numpy(d.val_dataloader().peek()[0]) for d in (everything, few))
    np.testing.assert_array_equal(few_X, all_X[:3])
    with pytest.raises(ValueError, match=r"num_train between 1 and \d+; received 0"):
        FashionMNIST(num_train=0)
    with pytest.raises(ValueError, match=r"num_val between 1 and \d+; received 1000000"):
        FashionMNIST(num_val=1_000_000)
