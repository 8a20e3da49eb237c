"""A network's messages on a processor, multiplied and summed in one compiled pass; knows no family."""

from __future__ import annotations

import ctypes
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from torch import Tensor


class _Path(ctypes.Structure):
    """Mirror of ``struct Path`` in convolution.cpp."""

    _fields_ = tuple(
        (name, ctypes.c_int32)
        for name in ("channels", "l1", "l2", "l3", "in_", "harmonics", "out", "weights", "coupling")
    )


class _Sizes(ctypes.Structure):
    """Mirror of ``struct Sizes`` in convolution.cpp."""

    _fields_ = (
        ("atoms", ctypes.c_int64),
        ("edges", ctypes.c_int64),
        ("paths", ctypes.c_int32),
        ("in_", ctypes.c_int32),
        ("harmonics", ctypes.c_int32),
        ("out", ctypes.c_int32),
        ("weights", ctypes.c_int32),
    )


class Convolution:
    """The sum over an atom's neighbours of an e3nn tensor product, in float32.

    Args:
        product: e3nn's ``TensorProduct`` of features and spherical harmonics, all of whose paths keep the channels of
            the features apart (``uvu``), with a weight for each channel.
        library: The compiled ``convolution.cpp``.

    Raises:
        ValueError: The product has paths of another kind.
    """

    def __init__(self, product: Any, library: Path) -> None:  # noqa: ANN401 - e3nn has no types
        import torch
        from e3nn.o3 import wigner_3j

        self._library = ctypes.CDLL(str(library))
        places = [_places(irreps) for irreps in (product.irreps_in1, product.irreps_in2, product.irreps_out)]
        table, paths, weights, coupling = [], [], 0, 0
        for one in product.instructions:
            (mul, ir), (mul2, ir2), (mul3, ir3) = (
                irreps[place]
                for irreps, place in (
                    (product.irreps_in1, one.i_in1), (product.irreps_in2, one.i_in2), (product.irreps_out, one.i_out)
                )
            )  # fmt: skip
            if one.connection_mode != "uvu" or not one.has_weight or mul2 != 1 or mul != mul3:
                message = f"a path of the kind {one.connection_mode} with {mul}, {mul2}, {mul3} channels"
                raise ValueError(message)
            begins = [where[place] for where, place in zip(places, (one.i_in1, one.i_in2, one.i_out), strict=True)]
            paths.append(_Path(mul, ir.l, ir2.l, ir3.l, begins[0], begins[1], begins[2], weights, coupling))
            table.append((one.path_weight * wigner_3j(ir.l, ir2.l, ir3.l)).to(torch.float32).reshape(-1))
            weights, coupling = weights + mul, coupling + len(table[-1])
        self._paths = (_Path * len(paths))(*paths)
        self._table = torch.cat(table).contiguous()
        self._dims = [irreps.dim for irreps in (product.irreps_in1, product.irreps_in2, product.irreps_out)]
        self._weights = weights
        self._to_components = _by_component(product.irreps_in1)
        self._back = torch.argsort(_by_component(product.irreps_out))
        self._function = _function()

    def __call__(self, features: Tensor, harmonics: Tensor, *, weights: Tensor, edges: Tensor) -> Tensor:
        """Sum messages.

        Args:
            features: (n, ·) of the atoms, in e3nn's order.
            harmonics: (m, ·) of the edges.
            weights: (m, ·) of the edges' channels.
            edges: (2, m): who receives, sorted, and whose features are taken.

        Returns:
            (n, ·) sums, in e3nn's order.
        """
        import torch

        number = len(features)
        rows = torch.zeros(number + 1, dtype=torch.int64)
        torch.cumsum(torch.bincount(edges[0], minlength=number), 0, out=rows[1:])
        x = features[:, self._to_components]
        found: Tensor = self._function.apply(x, harmonics, weights, rows, edges[1].contiguous(), self)
        return found[:, self._back]

    def run(self, name: str, arrays: list[Tensor], *, atoms: int, edges: int) -> None:
        """Call a function of the library with the sizes, paths and couplings before the given arrays."""
        sizes = _Sizes(atoms, edges, len(self._paths), *self._dims, self._weights)
        pointers = [ctypes.c_void_p(array.data_ptr()) for array in (self._table, *arrays)]
        getattr(self._library, name)(ctypes.byref(sizes), self._paths, *pointers)

    @property
    def out(self) -> int:
        """Numbers of an atom's sum."""
        return int(self._dims[2])


def _function() -> Any:  # noqa: ANN401 - a class of torch, which has no types
    """The differentiable function, made here so that nothing of torch is imported before it is used."""
    import torch

    class Convolve(torch.autograd.Function):  # type: ignore[misc]
        @staticmethod
        def forward(ctx: Any, *given: Any) -> Any:  # noqa: ANN401
            *tensors, convolution = given
            x, harmonics, weights, rows, source = (one.contiguous() for one in tensors)
            sums = x.new_empty((len(x), convolution.out))
            arrays = [rows, source, x, harmonics, weights, sums]
            convolution.run("sselmp_convolve", arrays, atoms=len(x), edges=len(source))
            ctx.save_for_backward(x, harmonics, weights, rows, source)
            ctx.convolution = convolution
            return sums

        @staticmethod
        def backward(ctx: Any, *slopes: Any) -> Any:  # noqa: ANN401
            x, harmonics, weights, rows, source = ctx.saved_tensors
            slope = slopes[0].contiguous()
            found = [torch.empty_like(one) for one in (x, harmonics, weights)]
            arrays = [rows, source, x, harmonics, weights, slope, *found]
            ctx.convolution.run("sselmp_convolve_back", arrays, atoms=len(x), edges=len(source))
            return (*found, None, None, None)

    return Convolve


def _places(irreps: Any) -> list[int]:  # noqa: ANN401 - e3nn has no types
    """Where each block of irreps begins."""
    sizes = [mul * (2 * ir.l + 1) for mul, ir in irreps]
    return [0, *np.cumsum(sizes)[:-1].tolist()]


def _by_component(irreps: Any) -> Tensor:  # noqa: ANN401 - e3nn has no types
    """For each place, component before channel, the place in e3nn's order, channel before component."""
    import torch

    places = []
    for begin, (mul, ir) in zip(_places(irreps), irreps, strict=True):
        block = begin + torch.arange(mul * (2 * ir.l + 1)).reshape(mul, 2 * ir.l + 1)
        places.append(block.T.reshape(-1))
    return torch.cat(places)
