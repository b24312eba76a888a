"""Batches: every example once an epoch, in an order that is the seed's and nobody else's."""

import random
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from d2lcompat._data import BatchLoader, data_seed, pixels, set_data_seed


def loader(n, batch_size, train, **options):
    """Of examples that carry their own number."""
    arrays = (np.arange(n), np.arange(n, dtype=np.float32)[:, None] * 2)
    return BatchLoader(arrays, batch_size, train, lambda batch: batch, **options)


def epoch(batches):
    return np.concatenate([features for features, _ in batches])


numbers = st.integers(1, 60)
seeds = st.integers(0, 2**40)


@given(numbers, numbers, st.booleans(), seeds)
def test_every_example_exactly_once_an_epoch(n, batch_size, train, seed):
    batches = loader(n, batch_size, train, seed=seed)
    for _ in range(3):
        seen = list(batches)
        assert len(seen) == len(batches) == -(-n // batch_size)
        sizes = [len(features) for features, _ in seen]
        assert sizes[:-1] == [batch_size] * (len(sizes) - 1)
        assert sum(sizes) == n == batches.num_examples
        assert 1 <= sizes[-1] <= batch_size
        assert sorted(epoch(seen)) == list(range(n))
        assert all((labels[:, 0] == 2 * features).all() for features, labels in seen)
        if not train:
            assert epoch(seen).tolist() == list(range(n))


@given(numbers, numbers, seeds)
def test_one_seed_one_order(n, batch_size, seed):
    first, second = (loader(n, batch_size, True, seed=seed) for _ in range(2))
    orders = [epoch(first) for _ in range(3)]
    for k, order in enumerate(orders):
        np.random.seed(k)
        random.random()
        list(loader(7, 2, True, seed=seed))
        second.peek()
        np.testing.assert_array_equal(epoch(second), order)
        np.testing.assert_array_equal(order, np.random.default_rng((seed, k)).permutation(n))


def test_epochs_and_seeds_differ():
    first, second = loader(100, 9, True, seed=1), loader(100, 9, True, seed=2)
    orders = [tuple(epoch(batches)) for batches in (first, first, second, second)]
    assert len(set(orders)) == 4


def test_order_does_not_depend_on_the_batch_size():
    assert epoch(loader(50, 7, True)).tolist() == epoch(loader(50, 50, True)).tolist()


def test_an_iteration_counts_when_it_starts_and_a_peek_does_not():
    batches, other = loader(40, 8, True), loader(40, 8, True)
    assert batches.peek()[0].tolist() == list(range(8))
    second_begun = (iter(batches), iter(batches))[1]
    epoch(other)
    np.testing.assert_array_equal(epoch(second_begun), epoch(other))


def test_the_data_seed():
    before = data_seed()
    try:
        set_data_seed(11)
        made_then = loader(30, 4, True)
        set_data_seed(np.int64(12))
        assert data_seed() == 12
        assert epoch(made_then).tolist() == epoch(loader(30, 4, True, seed=11)).tolist()
        refused: list[Any] = [-1, 1.0, "1", None, True]
        for wrong in refused:
            with pytest.raises(ValueError, match=r"non-negative integer. Received"):
                set_data_seed(wrong)
        assert data_seed() == 12
    finally:
        set_data_seed(before)


@pytest.mark.parametrize("train", [True, False])
def test_batches_are_converted_whole_and_fresh(train):
    images = np.zeros((10, 28, 28), np.uint8)
    images.setflags(write=False)
    calls = []

    def convert(batch):
        calls.append(batch)
        return batch[0].shape, batch[1].sum()

    def transform(batch):
        return pixels(batch[0], (14, 7)), batch[1]

    batches = BatchLoader((images, np.ones(10)), 4, train, convert, transform=transform)
    assert list(batches) == [((4, 14, 7), 4), ((4, 14, 7), 4), ((2, 14, 7), 2)]
    assert all(array.flags.writeable for batch in calls for array in batch)
    plain = BatchLoader((images,), 4, train, lambda batch: batch[0])
    assert all(batch.flags.writeable and batch.base is None for batch in plain)


@pytest.mark.parametrize("batch_size", [0, -1, 2.0, "2", None, True])
def test_batch_size_refused(batch_size):
    with pytest.raises(ValueError, match=r"batch_size. Expected a positive integer. Received"):
        loader(5, batch_size, True)


@pytest.mark.parametrize(
    "arrays", [(), (np.zeros(0),), (np.zeros(2), np.zeros(3)), (np.zeros(()),)]
)
def test_arrays_refused(arrays):
    with pytest.raises(ValueError, match=r"Invalid arrays. Expected .* Received"):
        BatchLoader(arrays, 2, True, lambda batch: batch)
