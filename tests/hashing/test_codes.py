"""Packing bits and counting those that differ."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from hashing import hamming, pack, unpack

BITS = arrays.arrays(
    np.bool_, st.tuples(st.integers(0, 20), st.integers(1, 8).map(lambda n: 8 * n))
)


@given(BITS)
def test_unpacking_gives_back_what_was_packed(bits):
    assert np.array_equal(unpack(pack(bits)), bits)


def test_zero_makes_a_one_and_nan_makes_a_zero():
    numbers = np.array([[0.0, -0.0, -1e-9, 1e-9, np.nan, np.inf, -np.inf, 2.0]])
    assert unpack(pack(numbers)).astype(int).tolist() == [[1, 1, 0, 1, 0, 1, 0, 1]]


def test_the_first_bit_is_the_highest_of_the_first_byte():
    assert pack(np.eye(8, dtype=bool))[:, 0].tolist() == [128, 64, 32, 16, 8, 4, 2, 1]


@given(st.integers(1, 40), st.integers(0, 9), st.integers(0, 9), st.integers(0, 99))
def test_distances_agree_with_counting_bit_by_bit(n_bytes, n, m, seed):
    rng = np.random.default_rng(seed)
    a = rng.integers(0, 256, (n, n_bytes), dtype=np.uint8)
    b = rng.integers(0, 256, (m, n_bytes), dtype=np.uint8)
    counted = [[int((x != y).sum()) for y in unpack(b)] for x in unpack(a)]
    assert hamming(a, b).tolist() == counted
    assert hamming(a, b).dtype == np.int32
    assert hamming(a, b).shape == (n, m)


@pytest.mark.parametrize("shape", [(8,), (2, 7), (2, 8, 8)])
def test_bits_that_fill_no_bytes_are_refused(shape):
    with pytest.raises(ValueError, match="multiple of 8"):
        pack(np.zeros(shape))


def test_codes_of_different_length_are_not_compared():
    with pytest.raises(ValueError, match="16 and of 32 bytes"):
        hamming(np.zeros((1, 16), np.uint8), np.zeros((1, 32), np.uint8))
