"""Wrong arguments are refused when a layer is made: expected and received are said."""

import inspect
import math

import pytest

from keras_acts import catalogue

pytestmark = pytest.mark.in_turn("what this package does, whatever the backend")

NUMBERS = ("1", math.nan, math.inf, True)
FLAGS = ("yes", 1)
INTEGERS = (1.5, "1", True)
FORMATS = ("NHWC", True)

WRONG = {
    "axis": (1.5, "last", True),
    "sharing": ("rows", None),
    "shared_axes": ("1", [1, 1], [], 1.5),
    "data_format": FORMATS,
    "learnable": FLAGS,
    "units": (0, -1, *INTEGERS),
    "pieces": (0, -1, *INTEGERS),
    "reduction": (0, -1, *INTEGERS),
    "kernel_size": (0, -1, *INTEGERS),
    "variant": ("D", 2),
    "approximate": ("exact", 1.5),
    "gate": ("tanh", 1),
    "hard": FLAGS,
    "interleaved": FLAGS,
    "use_bias": FLAGS,
}
"""Wrong values by the name of an argument; other numbers are refused as `NUMBERS`."""

BEYOND = [
    ("HardSigmoid", {"slope": 0.0}),
    ("HardSigmoid", {"slope": -1.0}),
    ("ReLU", {"max_value": -1.0}),
    ("RReLU", {"lower": 0.5, "upper": 0.25}),
    ("HardTanh", {"min_value": 1.0, "max_value": -1.0}),
    ("HardShrink", {"threshold": -0.5}),
    ("SoftShrink", {"threshold": -0.5}),
    ("Softplus", {"beta": 0.0}),
    ("Squareplus", {"b": -1.0}),
    ("CELU", {"alpha": 0.0}),
    ("Snake", {"frequency": 0.0}),
    ("ClippedSwiGLU", {"limit": 0.0}),
    ("GumbelSoftmax", {"temperature": 0.0}),
    ("Sine", {"frequency": 0.0}),
    ("Laplace", {"sigma": 0.0}),
    ("ISRU", {"alpha": 0.0}),
    ("ISRLU", {"alpha": -1.0}),
    ("SmeLU", {"beta": 0.0}),
    ("XIELU", {"beta": 0.0}),
    ("Softmax", {"axis": [0, 0]}),
    ("Softmax", {"axis": []}),
    ("APReLU", {"momentum": 2.0}),
    ("APReLU", {"epsilon": 0.0}),
    ("Entmax", {"alpha": 0.99}),
    ("Entmax", {"alpha": [1.5, 2.5]}),
    ("Entmax", {"alpha": 2.0, "learnable": True}),
    ("DYReLU", {"lambda_a": 0.0}),
    ("DYReLU", {"temperature": -1.0}),
    ("MetaACON", {"momentum": 2.0}),
    ("FReLU", {"epsilon": 0.0}),
]
"""Numbers outside of the range that an argument has."""

REQUIRED = {
    "Threshold": {"threshold": 0.5, "default_value": 0.0},
    "Maxout": {"units": 2},
    "ChannelMaxout": {"units": 2},
}


KERNEL = {"kernel": [[1.0, 2.0], [3.0, 4.0]]}


def _required(layer, function):
    parameters = inspect.signature(function).parameters
    given = {**REQUIRED.get(layer, {}), **KERNEL}
    return {name: value for name, value in given.items() if name in parameters}


def _wrong_arguments():
    for row in catalogue.activations().values():
        for name, default in row.defaults.items():
            values = WRONG.get(name)
            if values is None and _is_number(row, name, default):
                values = NUMBERS
            yield from ((row.name, {name: value}) for value in values or ())
    yield from BEYOND


def _is_number(row, name, default):
    value = REQUIRED.get(row.name, {}).get(name, default)
    return isinstance(value, int | float) and not isinstance(value, bool)


def _id(value):
    return value if isinstance(value, str) else repr(value)


all_wrong = pytest.mark.parametrize(
    ("layer", "kwargs"), list(_wrong_arguments()), ids=_id
)


@all_wrong
def test_layer_refuses(layer, kwargs):
    with pytest.raises(ValueError, match="Received: ") as caught:
        catalogue.find(layer).layer(**{**REQUIRED.get(layer, {}), **kwargs})
    assert next(iter(kwargs)) in str(caught.value)


def _taken_by_a_function():
    for layer, kwargs in _wrong_arguments():
        function = catalogue.find(layer).function
        if function and set(kwargs) <= set(inspect.signature(function).parameters):
            yield layer, kwargs


@pytest.mark.parametrize(("layer", "kwargs"), list(_taken_by_a_function()), ids=_id)
def test_function_refuses_what_its_layer_refuses(layer, kwargs):
    function = catalogue.find(layer).function
    x = [[1.0, 2.0], [3.0, 4.0]]
    with pytest.raises(ValueError, match="Received: "):
        function(x, **{**_required(layer, function), **kwargs})


def test_unknown_argument_is_refused():
    with pytest.raises((TypeError, ValueError), match="beta"):
        catalogue.find("Mish").layer(beta=1.0)
