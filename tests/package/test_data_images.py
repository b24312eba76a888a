"""Labels, pixels and sizes of images, and the synthetic set."""

import hashlib
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from d2lcompat._data import BatchLoader, fashion_mnist, pixels, text_labels
from d2lcompat._data.files import FILES, SYNTHETIC, VARIABLE
from d2lcompat._data.images import TEXT_LABELS, resize
from d2lcompat._data.sets import _synthetic_set

# ------------------------------------------------------------------------------- the synthetic set


@pytest.fixture(scope="module")
def synthetic():
    _synthetic_set.cache_clear()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        data = fashion_mnist(SYNTHETIC)
        assert fashion_mnist(SYNTHETIC) is data
    assert [warning.category for warning in caught] == [UserWarning]
    assert "synthetic data, not Fashion-MNIST" in str(caught[0].message)
    assert caught[0].filename == __file__
    return data


def test_synthetic_set_has_the_published_shapes(synthetic, monkeypatch):
    assert synthetic.synthetic
    for key, file in FILES.items():
        array = getattr(synthetic, key)
        assert array.shape == file.shape
        assert array.dtype == (np.uint8 if "images" in key else np.int32)
        assert not array.flags.writeable
    assert np.bincount(synthetic.train_labels).tolist() == [6000] * 10
    assert np.bincount(synthetic.val_labels).tolist() == [1000] * 10
    assert (np.diff(synthetic.train_labels) != 0).mean() > 0.85  # shuffled
    monkeypatch.setenv(VARIABLE, SYNTHETIC)
    assert fashion_mnist() is synthetic


def test_synthetic_set_is_the_same_everywhere(synthetic):
    """In every process; under NumPy 1.26 and 2.4; with AVX-512 and without."""
    found = hashlib.sha256(b"".join(getattr(synthetic, key).tobytes() for key in FILES))
    assert found.hexdigest().startswith("b75079077114eef6")


def test_synthetic_set_can_be_learned_but_not_at_a_glance(synthetic):
    """Softmax regression, three epochs."""
    features = synthetic.val_images.reshape(-1, 784) / np.float32(255)
    weights = np.zeros((784, 10), np.float32)
    loader = BatchLoader(
        (synthetic.train_images, synthetic.train_labels),
        256,
        True,
        lambda batch: batch,
        transform=lambda batch: (pixels(batch[0]), batch[1]),
    )
    for _ in range(3):
        for images, labels in loader:
            inputs = images.reshape(-1, 784)
            scores = np.exp(inputs @ weights)
            scores /= scores.sum(axis=1, keepdims=True)
            scores[np.arange(len(labels)), labels] -= 1
            weights -= 0.1 / len(labels) * inputs.T @ scores
    accuracy = ((features @ weights).argmax(axis=1) == synthetic.val_labels).mean()
    assert 0.8 < accuracy < 0.95


# ------------------------------------------------------------------------------------------- labels


def test_text_labels():
    assert text_labels(range(10)) == TEXT_LABELS
    assert text_labels(np.array([9, 0], np.int32)) == ["ankle boot", "t-shirt"]
    assert text_labels(np.array([1.0], np.float32)) == ["trouser"]
    assert text_labels([1], synthetic=True) == ["trouser (synthetic)"]


@pytest.mark.parametrize("index", [-1, 10, 1.5, float("nan"), float("inf")])
def test_text_labels_outside(index):
    with pytest.raises(ValueError, match=r"from 0 to 9. Received: "):
        text_labels([0, index])


# ------------------------------------------------------------------------------------------- resize

sides = st.integers(1, 40)


@settings(deadline=None)
@given(sides, sides, sides, sides, st.floats(0, 1, width=32))
def test_resize_keeps_a_constant(h, w, height, width, value):
    resized = resize(np.full((2, h, w), value, np.float32), (height, width))
    assert resized.shape == (2, height, width)
    assert resized.dtype == np.float32
    np.testing.assert_allclose(resized, value, atol=1e-6)


def test_resize_to_the_same_size_is_the_identity():
    images = np.random.default_rng(0).random((3, 28, 20), dtype=np.float32)
    assert resize(images, (28, 20)) is images


def test_resize_by_hand():
    """4 pixels to 2: triangles of half-width 2 about 1 and 3 weigh 3, 3, 1, 0 and 0, 1, 3, 3."""
    image = np.array([[[1, 2, 4, 8]]], np.float32)
    np.testing.assert_allclose(resize(image, (1, 2)), [[[13 / 7, 38 / 7]]], rtol=1e-6)
    np.testing.assert_allclose(
        resize(image.transpose(0, 2, 1), (2, 1)), [[[13 / 7], [38 / 7]]], rtol=1e-6
    )


@pytest.mark.parametrize("size", [(28, 14), (14, 28), (96, 64), (13, 31), (1, 1), (5, 224)])
def test_resize_matches_pillow(size):
    image_module = pytest.importorskip("PIL.Image")
    images = np.random.default_rng(1).random((4, 28, 28), dtype=np.float32)
    resized = resize(images, size)
    for ours, image in zip(resized, images, strict=True):
        theirs = image_module.fromarray(image).resize(size[::-1], image_module.Resampling.BILINEAR)
        np.testing.assert_allclose(ours, np.asarray(theirs), atol=1e-5)


@pytest.mark.parametrize("size", [(0, 3), (3,), 28, (2.5, 3), (True, 3), None])
def test_resize_refuses(size):
    with pytest.raises(ValueError, match=r"Expected \(height, width\).*Received"):
        resize(np.zeros((1, 2, 2), np.float32), size)
    with pytest.raises(ValueError, match=r"shape \(n, h, w\)"):
        resize(np.zeros((2, 2), np.float32), (1, 1))


def test_pixels():
    images = np.arange(256, dtype=np.uint8).reshape(1, 16, 16)
    numbers = pixels(images, (16, 16))
    assert numbers.dtype == np.float32
    np.testing.assert_array_equal(numbers, images.astype(np.float32) / np.float32(255))
    assert pixels(images, (4, 8)).shape == (1, 4, 8)
