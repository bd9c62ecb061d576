"""Eight bytes at a time: what compiled code does is what plain Python says."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from numba import njit
from numpy.typing import NDArray

from pipeline.kernels import bits


@njit()
def compiled_load64(data: NDArray[np.uint8], at: int) -> np.uint64:
    return bits.load64(data, np.uint64(at))


@njit()
def compiled_trailing_zeros(value: np.uint64) -> np.uint64:
    return bits.trailing_zeros(value)


@njit()
def compiled_ones(value: np.uint64) -> np.uint64:
    return bits.ones(value)


NUMBERS = st.integers(0, 2**64 - 1) | st.integers(0, 63).map(lambda shift: 1 << shift)


@given(st.binary(min_size=8, max_size=40), st.data())
def test_eight_bytes_are_read_from_any_place_as_one_little_endian_number(
    data: bytes, draw: st.DataObject
) -> None:
    at = draw.draw(st.integers(0, len(data) - 8))
    array = np.frombuffer(data, np.uint8)
    wanted = int.from_bytes(data[at : at + 8], "little")
    assert int(bits.load64(array, np.uint64(at))) == wanted
    assert int(compiled_load64(array, at)) == wanted


def test_a_slice_is_read_from_its_own_beginning() -> None:
    array = np.arange(32, dtype=np.uint8)
    assert int(compiled_load64(array[5:], 1)) == int(bits.load64(array, np.uint64(6)))


@given(NUMBERS)
@example(0)
@example(2**64 - 1)
def test_bits_are_counted_and_the_lowest_is_found(number: int) -> None:
    written = f"{number:064b}"
    value = np.uint64(number)
    lowest = len(written) - len(written.rstrip("0"))
    assert int(bits.trailing_zeros(value)) == int(compiled_trailing_zeros(value)) == lowest
    assert int(bits.ones(value)) == int(compiled_ones(value)) == written.count("1")


@pytest.mark.parametrize("shift", [0, 31, 32, 63])
def test_no_bit_beyond_the_lower_half_is_lost(shift: int) -> None:
    assert int(compiled_trailing_zeros(np.uint64(1 << shift))) == shift
    assert int(compiled_ones(np.uint64((1 << 64) - (1 << shift)))) == 64 - shift
