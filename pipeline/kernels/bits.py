"""Eight bytes at a time: unaligned loads and counts of bits, which numba has no spelling for.

Each function says in plain Python what it does (and is run so where compilation is switched off); compiled code gets the one
machine instruction instead.
"""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic, overload
from numpy.typing import NDArray


def load64(data: NDArray[np.uint8], at: np.uint64) -> np.uint64:
    """data[at:at + 8] as one little-endian number; `at` may be anywhere, and 8 bytes must be there.

    >>> hex(load64(np.arange(9, dtype=np.uint8), np.uint64(1)))
    '0x807060504030201'
    """
    return np.uint64(int.from_bytes(data[int(at) : int(at) + 8].tobytes(), "little"))


def trailing_zeros(value: np.uint64) -> np.uint64:
    """Place of the lowest bit that is set; 64 where none is.

    >>> int(trailing_zeros(np.uint64(12))), int(trailing_zeros(np.uint64(0)))
    (2, 64)
    """
    number = int(value)
    return np.uint64((number & -number).bit_length() - 1 if number else 64)


def ones(value: np.uint64) -> np.uint64:
    """How many bits are set.

    >>> int(ones(np.uint64(13)))
    3
    """
    return np.uint64(int(value).bit_count())


@intrinsic
def _load64(_context: Any, data: Any, at: Any) -> Any:
    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        array = context.make_array(signature.args[0])(context, builder, arguments[0])
        place = builder.gep(array.data, [arguments[1]])
        value = builder.load(builder.bitcast(place, ir.IntType(64).as_pointer()))
        value.align = 1
        return value

    return types.uint64(data, at), code


@intrinsic
def _trailing_zeros(_context: Any, value: Any) -> Any:
    def code(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        zero_is_defined = ir.Constant(ir.IntType(1), 0)
        return builder.cttz(arguments[0], zero_is_defined)

    return types.uint64(value), code


@intrinsic
def _ones(_context: Any, value: Any) -> Any:
    def code(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return types.uint64(value), code


@overload(load64, strict=False)
def _compiled_load64(data: Any, at: Any) -> Any:  # noqa: ARG001  numba reads the names
    return lambda data, at: _load64(data, np.uint64(at))  # type: ignore[call-arg]


@overload(trailing_zeros, strict=False)
def _compiled_trailing_zeros(value: Any) -> Any:  # noqa: ARG001
    return lambda value: _trailing_zeros(np.uint64(value))  # type: ignore[call-arg]


@overload(ones, strict=False)
def _compiled_ones(value: Any) -> Any:  # noqa: ARG001
    return lambda value: _ones(np.uint64(value))  # type: ignore[call-arg]
