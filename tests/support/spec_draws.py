"""Random calls of every operation of `keras.ops`: arguments, dtypes, ranks, sizes.

`draw(name, rng)` returns a call of one operation. Its arguments follow from the names
of the function's parameters; operations whose arguments belong together have a row in
`_ROWS`. Not every call is one that Keras takes: the caller leaves those out.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np

Array = np.ndarray
Rng = np.random.Generator

FLOATS = ("float32", "float16", "bfloat16")
INTEGERS = ("int8", "int16", "int32", "uint8", "uint16", "uint32", "bool", "int64")
DTYPES = FLOATS[:2] + INTEGERS


EXCLUDED = {
    **dict.fromkeys(
        (
            *("associative_scan", "cond", "custom_gradient", "fori_loop", "jvp", "map"),
            *("scan", "switch", "vectorize", "vectorized_map", "while_loop"),
        ),
        "calls a function",
    ),
    **dict.fromkeys(("convert_to_numpy", "dtype", "is_tensor"), "returns no tensor"),
    "eig": "returns complex numbers, which no file has",
    "shape": "returns symbols",
}
"""Operations that can't be drawn, and why."""


@dataclass(frozen=True)
class Call:
    """One call of an operation.

    Attributes:
        function: Takes the tensors.
        arrays: The tensors.
        unknown: For each tensor, the axes whose sizes are unknown while it is traced.
        text: The call in words, for messages.
    """

    function: Callable[..., Any]
    arrays: list[Array]
    unknown: list[set[int]]
    text: str


@dataclass
class _Arguments:
    """The arguments of a call under construction; tensors are kept apart."""

    rng: Rng
    dtypes: tuple[str, ...] = DTYPES
    arrays: list[Array] = field(default_factory=list)
    known: set[int] = field(default_factory=set)

    def weight(self, shape: Any, dtype: str | None = None) -> _Place:
        """Return the place of a new tensor whose sizes are known."""
        made = self.tensor(shape, dtype)
        self.known.add(made.index)
        return made

    def tensor(self, shape: Any, dtype: str | None = None) -> _Place:
        """Return the place of a new tensor of small numbers."""
        dtype = dtype or str(self.rng.choice(self.dtypes))
        if keras.backend.is_float_dtype(dtype):
            array = self.rng.uniform(0.1, 0.9, shape).astype(dtype)
        elif dtype == "bool":
            array = self.rng.integers(0, 2, shape).astype(bool)
        else:
            array = self.rng.integers(1, 4, shape).astype(dtype)
        return self.place(array)

    def place(self, array: Any) -> _Place:
        """Return the place of a given tensor."""
        self.arrays.append(np.asarray(array))
        return _Place(len(self.arrays) - 1)

    def shape(self, low: int = 1, high: int = 4) -> tuple[int, ...]:
        """Draw a shape with a rank between two ends."""
        rank = int(self.rng.integers(low, high + 1))
        return tuple(int(n) for n in self.rng.integers(2, 6, rank))

    def operand(self, shape: tuple[int, ...]) -> Any:
        """Draw a tensor that broadcasts against a shape, or a number."""
        if self.rng.random() < 0.35:
            return [2, 1.5, True, 3][self.rng.integers(4)]
        kept = shape[int(self.rng.integers(len(shape) + 1)) :]
        return self.tensor(tuple(1 if self.rng.random() < 0.3 else n for n in kept))

    def one_of(self, *choices: Any) -> Any:
        return choices[int(self.rng.integers(len(choices)))]

    def axis(self, shape: tuple[int, ...]) -> int:
        return int(self.rng.integers(-len(shape), len(shape)))


@dataclass(frozen=True)
class _Place:
    index: int


def draw(name: str, rng: Rng) -> Call:
    """Draw a call of an operation, by its name in `keras.ops`."""
    narrow = keras.backend.backend() == "jax"  # which reads int64 as int32
    made = _Arguments(rng, DTYPES[:-1] if narrow else DTYPES)
    row = _ROWS.get(name)
    args, kwargs = row(made) if row is not None else _by_parameters(name, made)
    some = rng.random() < 0.6
    unknown = [
        {axis for axis in range(x.ndim) if some and rng.random() < 0.5}
        - (set(range(x.ndim)) if i in made.known else set())
        for i, x in enumerate(made.arrays)
    ]
    function = function_of(name)

    def call(*tensors: Any) -> Any:
        def fill(x: Any) -> Any:
            if isinstance(x, _Place):
                return tensors[x.index]
            if isinstance(x, list | tuple):
                return type(x)(map(fill, x))
            return x

        return function(*fill(args), **{k: fill(v) for k, v in kwargs.items()})

    shown = [
        f"{x.dtype}{[None if i in u else n for i, n in enumerate(x.shape)]}"
        for x, u in zip(made.arrays, unknown, strict=True)
    ]
    return Call(call, made.arrays, unknown, f"{name}{args} {kwargs} of {shown}")


def function_of(name: str) -> Callable[..., Any]:
    """Return an operation by its name, such as `"image.resize"`."""
    found: Any = keras.ops
    for part in name.split("."):
        found = getattr(found, part)
    return found


def _by_parameters(name: str, made: _Arguments) -> tuple[Any, Any]:
    """Draw arguments by the names of parameters."""
    shape = made.shape(1, 4)
    if name in _MATRICES:
        shape = (*made.shape(0, 2), n := made.one_of(2, 3, 5), n)
    args: list[Any] = []
    kwargs: dict[str, Any] = {}
    given = inspect.signature(function_of(name)).parameters.values()
    for parameter in given:
        if parameter.default is parameter.empty:
            if parameter.kind == parameter.VAR_KEYWORD:
                continue
            first = not made.arrays
            args.append(made.tensor(shape) if first else made.operand(shape))
        elif parameter.name == "axis" and made.rng.random() < 0.6:
            kwargs["axis"] = made.axis(shape)
        elif parameter.name in ("keepdims", "sorted") and made.rng.random() < 0.5:
            kwargs[parameter.name] = made.one_of(True, False)
    if len(args) == 2 and name in _TWO_NUMBERS and made.rng.random() < 0.3:
        args.reverse()
    return args, kwargs


_MATRICES = frozenset(
    (
        *("cholesky", "cholesky_inverse", "det", "diagonal", "eig", "eigh", "inv"),
        *(
            "logdet",
            "lu_factor",
            "matrix_rank",
            "pinv",
            "qr",
            "slogdet",
            "svd",
            "trace",
        ),
    )
)
_TWO_NUMBERS = frozenset(
    (
        *("add", "bitwise_and", "bitwise_or", "divide", "equal", "floor_divide"),
        *("greater", "less", "logical_and", "logical_or", "maximum", "minimum", "mod"),
        *("multiply", "power", "subtract", "true_divide"),
    )
)

Row = Callable[[_Arguments], tuple[list[Any], dict[str, Any]]]


def _plain(*make: Callable[[_Arguments, tuple[int, ...]], Any], **keywords: Any) -> Row:
    """Return a row: a tensor of any shape, and arguments made of its shape."""
    low, high = keywords.pop("ranks", (1, 4))

    def row(m: _Arguments) -> tuple[list[Any], dict[str, Any]]:
        shape = m.shape(low, high)
        first = m.tensor(shape, keywords.get("dtype"))
        return [first, *(one(m, shape) for one in make)], {}

    return row


def _fixed(*shapes: Any, **kwargs: Any) -> Row:
    """Return a row: tensors of given shapes and keywords."""
    return lambda m: ([m.tensor(shape) for shape in shapes], dict(kwargs))


def _several(m: _Arguments) -> tuple[list[Any], dict[str, Any]]:
    shape = m.shape(1, 3)
    return [[m.tensor(shape) for _ in range(m.one_of(1, 2, 3))]], {}


def _images(*rest: Any, channels: int = 3, **kwargs: Any) -> Row:
    def row(m: _Arguments) -> tuple[list[Any], dict[str, Any]]:
        shape = (*(() if m.rng.random() < 0.3 else (2,)), 6, 8, channels)
        return [m.tensor(shape), *rest], dict(kwargs)

    return row


def _complex_pair(m: _Arguments) -> tuple[list[Any], dict[str, Any]]:
    shape, dtype = m.shape(2, 3), m.one_of(*m.dtypes)
    return [(m.tensor(shape, dtype), m.tensor(shape, dtype))], {}


def _conv(rank: int, *kernel: int, **kwargs: Any) -> Row:
    def row(m: _Arguments) -> tuple[list[Any], dict[str, Any]]:
        float_kernel = m.one_of("float32", "float16", None)
        x = m.tensor((2, *[7] * rank, 4))
        return [x, m.weight((*[3] * rank, *kernel), float_kernel)], {
            "data_format": "channels_last",
            "strides": m.one_of(1, 2) if "strides" not in kwargs else kwargs["strides"],
            "padding": m.one_of("same", "valid"),
        }

    return row


def _labels(m: _Arguments) -> tuple[list[Any], dict[str, Any]]:
    return [m.tensor((3, 4)), m.tensor((3, 4), m.one_of(*FLOATS[:2]))], {}


def _segments(m: _Arguments) -> tuple[list[Any], dict[str, Any]]:
    ids = m.place(np.asarray([0, 1, 1, 2], "int32"))
    x = m.tensor((4, *m.shape(0, 2)))
    return [x, ids], {"num_segments": m.one_of(3, 5)}


def _take(m: _Arguments) -> tuple[list[Any], dict[str, Any]]:
    shape = m.shape(1, 3)
    indices = m.rng.integers(0, 2, m.shape(0, 2)).astype(m.one_of("int32", "uint8"))
    return [m.tensor(shape), m.place(indices)], {"axis": m.one_of(None, m.axis(shape))}


def _along_axis(m: _Arguments) -> tuple[list[Any], dict[str, Any]]:
    shape = m.shape(1, 3)
    axis = m.axis(shape)
    sizes = list(shape)
    sizes[axis] = 2
    indices = m.place(m.rng.integers(0, 2, sizes).astype("int32"))
    return [m.tensor(shape), indices], {"axis": axis}


def _clip(m: _Arguments) -> tuple[list[Any], dict[str, Any]]:
    shape = m.shape(1, 3)
    first = m.one_of(shape, (*shape[:-1], 1), shape[-1:])
    return [m.tensor(first), m.operand(shape), m.operand(shape)], {}


def _where(m: _Arguments) -> tuple[list[Any], dict[str, Any]]:
    shape = m.shape(1, 3)
    return [m.tensor(shape, "bool"), m.operand(shape), m.operand(shape)], {}


def _select(m: _Arguments) -> tuple[list[Any], dict[str, Any]]:
    shape = m.shape(1, 3)
    choices = [m.tensor(shape) for _ in range(2)]
    return [[m.tensor(shape, "bool") for _ in range(2)], choices], {}


def _matmul(m: _Arguments) -> tuple[list[Any], dict[str, Any]]:
    a, b = m.one_of(
        ((2, 3), (3, 4)), ((5, 2, 3), (3, 4)), ((3,), (3, 4)), ((2, 3), (3,)),
        ((5, 2, 3), (5, 3, 4)), ((3,), (3,)), ((2, 1, 2, 3), (5, 3, 4)),
    )  # fmt: skip
    return [m.tensor(a), m.tensor(b)], {}


def _same(*ranks: int) -> Row:
    def row(m: _Arguments) -> tuple[list[Any], dict[str, Any]]:
        shape = m.shape(*(ranks or (1, 3)))
        return [m.tensor(shape), m.tensor(shape)], {}

    return row


def _constant(m: _Arguments, array: Any) -> _Place:
    """Return the place of a tensor whose sizes are known."""
    made = m.place(np.asarray(array, "float32"))
    m.known.add(made.index)
    return made


def _solve(m: _Arguments) -> tuple[list[Any], dict[str, Any]]:
    outer = m.shape(0, 1)
    square = m.place(np.broadcast_to(np.eye(3, dtype="float32") * 2, (*outer, 3, 3)))
    return [square, m.tensor((*outer, 3, m.one_of(1, 2)))], {}


def _pad(m: _Arguments) -> tuple[list[Any], dict[str, Any]]:
    shape = m.shape(1, 3)
    return [m.tensor(shape), [(1, m.one_of(0, 2)) for _ in shape]], {
        "mode": m.one_of("constant", "reflect", "edge")
        if hasattr(keras.ops, "pad")
        else "constant"
    }


def _reshape(m: _Arguments) -> tuple[list[Any], dict[str, Any]]:
    return [
        m.tensor((2, 3, 4)),
        m.one_of((-1,), (2, -1), (6, 4), (-1, 3, 2), (4, 6)),
    ], {}


def _slice(m: _Arguments) -> tuple[list[Any], dict[str, Any]]:
    return [m.tensor((4, 5)), (1, 2), (2, m.one_of(1, 3))], {}


def _get_item(m: _Arguments) -> tuple[list[Any], dict[str, Any]]:
    key = m.one_of(
        0, slice(1, 3), (slice(None), 1), (..., 0), (None, 1), (slice(None, None, 2),),
        (slice(None, None, -1), slice(1, None)), (1, None, slice(-2, None)),
    )  # fmt: skip
    return [m.tensor((4, 5)), key], {}


def _attention(m: _Arguments) -> tuple[list[Any], dict[str, Any]]:
    dtype = m.one_of(*FLOATS[:2])
    q, k, v = (2, 3, 2, 4), (2, 5, 2, 4), (2, 5, 2, 4)
    return [m.tensor(shape, dtype) for shape in (q, k, v)], {}


def _einsum(m: _Arguments) -> tuple[list[Any], dict[str, Any]]:
    equation, *shapes = m.one_of(
        ("ab,bc->ac", (2, 3), (3, 4)), ("abc,cd->abd", (2, 3, 4), (4, 5)),
        ("ij,kj->ik", (2, 3), (4, 3)), ("ab->ba", (2, 3)), ("...a,a->...", (2, 3), (3,))
    )  # fmt: skip
    return [equation, *map(m.tensor, shapes)], {}


def _norms(m: _Arguments) -> tuple[list[Any], dict[str, Any]]:
    mean, variance, *rest = (m.weight((4,), "float32") for _ in range(4))
    some = m.one_of({}, {"offset": rest[0], "scale": rest[1]})
    return [m.tensor((2, 3, 4)), mean, variance, -1], some


def _quantiles(m: _Arguments) -> tuple[list[Any], dict[str, Any]]:
    shape = m.shape(1, 3)
    q = m.one_of(0.5, [0.25, 0.5], [0.5])
    axis = m.one_of(None, m.axis(shape))
    return [m.tensor(shape), q], {"axis": axis, "keepdims": m.one_of(True, False)}


def _number(*choices: Any) -> Callable[..., Any]:
    return lambda m, _: m.one_of(*choices)


def _axis(m: _Arguments, shape: tuple[int, ...]) -> int:
    return m.axis(shape)


def _split(axis: int, *ranks: int) -> Row:
    def row(m: _Arguments) -> tuple[list[Any], dict[str, Any]]:
        shape = list(m.shape(*(ranks or (axis + 1, 3))))
        shape[min(axis, len(shape) - 1)] = 6
        return [m.tensor(shape), m.one_of(2, 3, [1, 4])], {}

    return row


_ROWS: dict[str, Row] = {
    **dict.fromkeys(
        ("bartlett", "blackman", "hamming", "hanning"),
        lambda m: ([m.one_of(4, 7)], {}),
    ),
    "cholesky": lambda m: ([_constant(m, 2 * np.eye(3))], {}),
    "glu": lambda m: ([m.tensor((3, 4))], {}),
    "histogram": lambda m: ([m.tensor((7,))], {}),
    **dict.fromkeys(("concatenate", "dstack", "hstack", "stack", "vstack"), _several),
    "adaptive_average_pool": lambda m: (
        [m.tensor((2, 6, 6, 3)), m.one_of(2, 3)],
        {"data_format": "channels_last"},
    ),
    "adaptive_max_pool": lambda m: (
        [m.tensor((2, 6, 6, 3)), m.one_of(2, 3)],
        {"data_format": "channels_last"},
    ),
    "arange": lambda m: ([m.one_of(0, 1, 1.5), m.one_of(4, 6.5), 2], {}),
    "argpartition": _plain(_number(1)),
    "array_split": _split(0),
    "average_pool": lambda m: (
        [m.tensor((2, 7, 7, 3)), 2],
        {"data_format": "channels_last", "padding": m.one_of("same", "valid")},
    ),
    "batch_normalization": _norms,
    "binary_crossentropy": _labels,
    "broadcast_to": lambda m: ([m.tensor(m.one_of((3,), (1, 3))), (2, 4, 3)], {}),
    "cast": _plain(_number("float32", "int32", "uint8", "bool", "float16")),
    "categorical_crossentropy": _labels,
    "cdist": lambda m: ([m.tensor((2, 3, 4)), m.tensor((2, 5, 4))], {}),
    "clip": _clip,
    "conv": _conv(2, 4, 6),
    "conv_transpose": _conv(1, 6, 4),
    "correlate": lambda m: (
        [m.tensor((6,)), m.tensor((3,))],
        {"mode": m.one_of("valid", "same", "full")},
    ),
    "cross": lambda m: ([m.tensor((4, 3)), m.tensor((4, 3))], {}),
    "depth_to_space": lambda m: (
        [m.tensor((2, 3, 4, 8)), 2],
        {"data_format": "channels_last"},
    ),
    "depthwise_conv": _conv(2, 4, 2),
    "digitize": _plain(lambda m, _: m.place(np.asarray([1.0, 2.0], "float32"))),
    "dot": _matmul,
    "dot_product_attention": _attention,
    "dsplit": _split(2),
    "einsum": _einsum,
    "expand_dims": _plain(_axis),
    "extract_sequences": lambda m: ([m.tensor((2, 12)), 4, m.one_of(2, 3)], {}),
    "empty": lambda _: ([(2, 3)], {}),
    "full": lambda m: ([(2, 3), m.one_of(1, 2.5, True)], {}),
    "identity": lambda _: ([3], {}),
    "ones": lambda _: ([(2, 3)], {}),
    "zeros": lambda _: ([(2, 3)], {}),
    "eye": lambda m: ([3, m.one_of(None, 4)], {}),
    "fft": _complex_pair,
    "fft2": _complex_pair,
    "fold": lambda m: ([m.tensor((2, 12, 4)), (4, 4), (2, 2)], {"stride": 2}),
    "full_like": _plain(_number(2, 1.5, True)),
    "get_item": _get_item,
    "hsplit": _split(1, 2, 3),
    "ifft2": _complex_pair,
    "image.affine_transform": lambda m: (
        [
            m.tensor((2, 6, 8, 3)),
            _constant(m, [[1, 0, 0, 0, 1, 0, 0, 0]] * 2),
        ],
        {"data_format": "channels_last"},
    ),
    "image.crop_images": _images(
        top_cropping=1,
        left_cropping=2,
        target_height=3,
        target_width=4,
        data_format="channels_last",
    ),
    "image.extract_patches": _images((2, 2), data_format="channels_last"),
    "image.extract_patches_3d": lambda m: (
        [m.tensor((2, 4, 6, 6, 1)), (2, 2, 2)],
        {"data_format": "channels_last"},
    ),
    "image.gaussian_blur": _images(data_format="channels_last"),
    "image.hsv_to_rgb": _images(data_format="channels_last"),
    "image.map_coordinates": lambda m: (
        [m.tensor((4, 5)), m.weight((2, 3), "float32"), m.one_of(0, 1)],
        {},
    ),
    "image.pad_images": _images(
        top_padding=1,
        left_padding=2,
        bottom_padding=1,
        right_padding=0,
        data_format="channels_last",
    ),
    "image.perspective_transform": lambda m: (
        [
            m.tensor((1, 6, 8, 3)),
            _constant(m, [[[0, 0], [0, 4], [4, 0], [4, 4]]]),
            _constant(m, [[[0, 0], [0, 4], [4, 0], [4, 5]]]),
        ],
        {"data_format": "channels_last"},
    ),
    "image.resize": lambda m: (
        [m.tensor((2, 6, 8, 3)), (3, 5)],
        {
            "interpolation": m.one_of("bilinear", "nearest", "bicubic"),
            "data_format": "channels_last",
        },
    ),
    "image.rgb_to_grayscale": _images(data_format="channels_last"),
    "image.rgb_to_hsv": _images(data_format="channels_last"),
    "image.sobel_edges": _images(data_format="channels_last"),
    "image.scale_and_translate": lambda m: (
        [
            m.tensor((6, 8)),
            (3, 4),
            m.tensor((2,), "float32"),
            m.tensor((2,), "float32"),
            (0, 1),
            "linear",
        ],
        {},
    ),
    "image.ssim": lambda m: (
        [m.tensor((2, 16, 16, 3), "float32"), m.tensor((2, 16, 16, 3), "float32")],
        {},
    ),
    "in_top_k": lambda m: (
        [m.place(np.asarray([0, 1, 2], "int32")), m.tensor((3, 4)), 2],
        {},
    ),
    "inner": lambda m: ([m.tensor((2, 3)), m.tensor(m.one_of((4, 3), (3,)))], {}),
    "irfft": _complex_pair,
    "istft": lambda m: (
        [(m.tensor((2, 5, 5), "float32"), m.tensor((2, 5, 5), "float32")), 8, 4, 8],
        {},
    ),
    "kaiser": lambda m: ([m.one_of(4, 7), 2.0], {}),
    "linspace": lambda m: ([m.operand((3,)), m.operand((3,)), 5], {}),
    "logspace": lambda m: ([m.operand((3,)), m.operand((3,)), 5], {}),
    "geomspace": lambda m: ([m.operand((3,)), m.operand((3,)), 5], {}),
    "lstsq": _solve,
    "matmul": _matmul,
    "max_pool": lambda m: (
        [m.tensor((2, 7, 7, 3)), 2],
        {"data_format": "channels_last", "padding": m.one_of("same", "valid")},
    ),
    "meshgrid": lambda m: ([m.tensor((3,)), m.tensor((4,))], {}),
    "moments": lambda m: ([m.tensor((2, 3, 4)), m.one_of((0,), (1, 2))], {}),
    "moveaxis": _plain(_number(0), _number(-1)),
    "multi_hot": lambda m: ([m.tensor((2, 3), m.one_of("int32", "uint8")), 5], {}),
    "nanpercentile": _quantiles,
    "nanquantile": _quantiles,
    "one_hot": lambda m: ([m.tensor(m.shape(1, 2), m.one_of("int32", "uint8")), 5], {}),
    "pad": _pad,
    "percentile": _quantiles,
    "polar": _same(),
    "psnr": lambda m: ([*(m.tensor((2, 3, 4)) for _ in range(2)), 1.0], {}),
    "quantile": _quantiles,
    "rearrange": lambda m: (
        [m.tensor((2, 3, 4)), m.one_of("a b c -> a (b c)", "a b c -> c b a")],
        {},
    ),
    "repeat": lambda m: (
        [m.tensor(s := m.shape(1, 3)), 2],
        {"axis": m.one_of(None, m.axis(s))},
    ),
    "reshape": _reshape,
    "roll": _plain(_number(1, -2)),
    "rot90": _plain(ranks=(2, 4)),
    "saturate_cast": _plain(_number("uint8", "int8", "float16")),
    "searchsorted": lambda m: (
        [m.place(np.asarray([1, 2, 5], "int32")), m.tensor(m.shape(1, 2))],
        {},
    ),
    "scatter": lambda m: (
        [m.place(np.asarray([[0], [2]], "int32")), m.tensor((2, 3)), (4, 3)],
        {},
    ),
    "scatter_update": lambda m: (
        [
            m.tensor((4, 3), d := m.one_of(*m.dtypes)),
            m.place(np.asarray([[0], [2]], "int32")),
            m.tensor((2, 3), d),
        ],
        {},
    ),
    **{f"segment_{x}": _segments for x in ("max", "min", "prod", "sum")},
    "select": _select,
    "separable_conv": lambda m: (
        [
            m.tensor((2, 7, 7, 4)),
            m.weight((3, 3, 4, 1), "float32"),
            m.weight((1, 1, 4, 5), "float32"),
        ],
        {"data_format": "channels_last"},
    ),
    "slice": _slice,
    "slice_update": lambda m: (
        [m.tensor((4, 5), d := m.one_of(*m.dtypes)), (1, 2), m.tensor((2, 2), d)],
        {},
    ),
    "solve": _solve,
    "solve_triangular": _solve,
    "space_to_depth": lambda m: (
        [m.tensor((2, 4, 6, 3)), 2],
        {"data_format": "channels_last"},
    ),
    "sparse_categorical_crossentropy": lambda m: (
        [
            m.place(np.asarray([0, 1, 2], "int32")),
            m.tensor((3, 4), m.one_of(*FLOATS[:2])),
        ],
        {},
    ),
    "split": _split(0),
    "stft": lambda m: ([m.tensor((2, 20)), 8, 4, 8], {}),
    "swapaxes": _plain(_number(0), _number(-1)),
    "take": _take,
    "take_along_axis": _along_axis,
    "tensordot": lambda m: ([m.tensor((2, 3, 4)), m.tensor((3, 4, 5))], {}),
    "threshold": _plain(_number(0.5, 1), _number(0.0, 2)),
    "tile": _plain(_number(2, (2, 1), (1, 2, 3))),
    "top_k": _plain(_number(1, 2)),
    "trapezoid": _plain(),
    "tri": lambda m: ([3, m.one_of(None, 4)], {}),
    "unfold": lambda m: ([m.tensor((2, 3, 6, 6)), m.one_of(2, (2, 3))], {}),
    "unravel_index": lambda m: (
        [m.tensor(m.shape(1, 2), m.one_of("int32", "uint8")), (4, 5)],
        {},
    ),
    "unstack": _plain(),
    "vander": _plain(ranks=(1, 1)),
    "vdot": _same(),
    "view_as_real": _plain(),
    "view": lambda m: ([m.tensor(m.shape(1, 2), "float32"), "int32"], {}),
    "vsplit": _split(0),
    "where": _where,
}
