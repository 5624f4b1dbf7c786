"""What the advice claims, each with the test that executes it, or with its source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from keras_acts.advice.sources import SOURCES, Source

TESTS = "tests/advice/test_claims.py"


@dataclass(frozen=True)
class Claim:
    """A reason.

    Attributes:
        key: Its name.
        text: The reason, a sentence.
        test: The test that executes it, `"file::name"`; None where none does.
        sources: The publications that say so.
    """

    key: str
    text: str
    test: str | None
    sources: tuple[Source, ...]

    def __str__(self) -> str:
        return f"{self.text} [{self.proof}]"

    @property
    def proof(self) -> str:
        """Who says so: the publications, or the test where there is none."""
        named = "; ".join(f"{one.authors} {one.year}" for one in self.sources)
        return named or f"tested: {(self.test or '').partition('::')[2]}"

    def to_dict(self) -> dict[str, object]:
        """Return the claim in JSON's types."""
        return {
            "key": self.key,
            "text": self.text,
            "test": self.test,
            "sources": [one.to_dict() for one in self.sources],
        }


def _tested(key: str, text: str, *sources: str) -> Claim:
    """A claim that the test named like it executes."""
    found = tuple(SOURCES[one] for one in sources)
    return Claim(key, text, f"{TESTS}::test_{key}", found)


def _quoted(key: str, text: str, *sources: str) -> Claim:
    return Claim(key, text, None, tuple(SOURCES[one] for one in sources))


_ROWS = (
    # Outputs and losses.
    _tested(
        "linear_reaches_every_value",
        "A linear output reaches every real number; other activations can't.",
        "bishop2006",
    ),
    _quoted(
        "squared_error_is_gaussian",
        "Squared error is the likelihood of normal noise about a linear output.",
        "bishop2006",
    ),
    _quoted(
        "huber_for_outliers",
        "Squared error lets a few outliers dominate; an absolute error doesn't.",
        "bishop2006",
    ),
    _tested(
        "sigmoids_are_independent",
        "Each sigmoid is a probability of its own: one doesn't change the others.",
        "bishop2006",
    ),
    _tested(
        "softmax_shares_one_whole",
        "Softmax gives shares of one whole: what one class gains, the others lose.",
        "bridle1990",
    ),
    _tested(
        "cross_entropy_through_saturation",
        "Where a sigmoid is saturated on the wrong side, the gradient of squared error "
        "vanishes and that of cross-entropy doesn't.",
        "golik2013",
        "goodfellow2016",
    ),
    _tested(
        "softmax_cross_entropy_through_saturation",
        "Where softmax is sure of a wrong class, the gradient of squared error "
        "vanishes and that of cross-entropy doesn't.",
        "golik2013",
    ),
    _tested(
        "logits_stay_finite",
        "From logits the loss is the same, without the clipping that stops the "
        "gradient of probabilities that are wrong and nearly 0 or 1.",
        "goodfellow2016",
    ),
    _tested(
        "softplus_is_positive",
        "Softplus is positive and has a gradient everywhere, where ReLU has none below "
        "0.",
        "dugas2001",
    ),
    _quoted(
        "softplus_for_variances",
        "A variance that is predicted has to be positive; its loss is the likelihood.",
        "nix1994",
    ),
    _tested(
        "exponential_is_a_rate",
        "The exponential of a linear output is the rate of a Poisson distribution: "
        "with that loss the gradient is rate − count.",
        "bishop2006",
    ),
    _tested(
        "bounded_targets_need_bounded_outputs",
        "Sigmoid stays within 0 and 1, tanh within −1 and 1, whatever the input.",
        "bishop2006",
    ),
    _quoted(
        "tanh_for_images",
        "Generators of images end in tanh, with pixels scaled to −1 … 1.",
        "radford2016",
    ),
    _tested(
        "sparsemax_has_zeros",
        "Sparsemax gives unlikely classes exactly 0, softmax never.",
        "martins2016",
    ),
    # Hidden layers.
    _tested(
        "relu_keeps_gradients",
        "The gradient of ReLU is 1 wherever it is active, however large the input.",
        "glorot2011",
        "nair2010",
    ),
    _quoted(
        "relu_for_cnn",
        "Rectifiers made deep convolutional networks trainable without pretraining.",
        "glorot2011",
        "he2015",
    ),
    _tested(
        "he_keeps_the_signal",
        "With weights of the variance 2 / fan_in a stack of ReLU layers keeps its "
        "second moment; with Glorot's each layer halves it.",
        "he2015",
    ),
    _tested(
        "dead_relu",
        "A ReLU whose input is below 0 for all data has gradient 0 and never recovers; "
        "LeakyReLU, PReLU and ELU have one there.",
        "maas2013",
        "lu2020",
    ),
    _quoted(
        "prelu_learns_its_slope",
        "A slope that is learned costs hardly anything and improved ImageNet models.",
        "he2015",
    ),
    _tested(
        "elu_is_nearer_to_zero_mean",
        "The mean of ELU under a unit normal input is nearer to 0 than that of ReLU.",
        "clevert2016",
    ),
    _tested(
        "leaky_relu_is_cheaper_than_elu",
        "LeakyReLU is one product and a comparison; ELU has an exponential in it.",
        "maas2013",
        "clevert2016",
    ),
    _tested(
        "swish_is_smooth",
        "Swish is smooth, and lets some gradient through below 0.",
        "ramachandran2017",
    ),
    _quoted(
        "swish_in_deep_networks",
        "Swish trained deeper networks than ReLU did, and was better on ImageNet.",
        "ramachandran2017",
    ),
    _quoted(
        "edge_of_chaos",
        "Smooth activations let signals travel deeper than ReLU, where weights are "
        "initialized to match.",
        "hayou2019",
    ),
    _tested(
        "selu_normalizes",
        "SELU has the fixed point mean 0 and variance 1: a stack of 50 layers stays "
        "there, where the mean of ReLU doesn't.",
        "klambauer2017",
    ),
    _tested(
        "alpha_dropout_keeps_moments",
        "AlphaDropout keeps mean and variance behind SELU, ordinary Dropout doesn't.",
        "klambauer2017",
    ),
    _quoted(
        "gelu_in_transformers",
        "GELU weighs inputs by their value in place of their sign; it has been the "
        "activation of transformers since BERT and GPT.",
        "hendrycks2016",
    ),
    _quoted(
        "gates_in_transformers",
        "Gated feed-forward layers, GEGLU and SwiGLU, had lower perplexity than ReLU "
        "and GELU at the same number of weights.",
        "shazeer2020",
    ),
    _quoted(
        "squared_relu_in_transformers",
        "Squared ReLU came out of a search for faster training of language models.",
        "so2021",
    ),
    _tested(
        "tanh_bounds_the_state",
        "Applied again and again, tanh keeps a state bounded, where ReLU lets it grow.",
        "hochreiter1997",
        "pascanu2013",
    ),
    _tested(
        "gates_open_and_close",
        "A sigmoid goes from 0 to 1, so that it can shut or open a gate.",
        "hochreiter1997",
        "cho2014",
    ),
    _tested(
        "fused_recurrence",
        "Keras's LSTM and GRU have fused kernels for tanh and sigmoid only.",
    ),
    _tested(
        "hard_swish_has_no_exponential",
        "HardSwish is piecewise polynomial: it exports without an exponential.",
        "howard2019",
    ),
    _tested(
        "relu6_is_bounded",
        "ReLU6 ends at 6, which leaves more of low-precision numbers' digits.",
        "sandler2018",
    ),
    _tested(
        "sine_has_sines_as_derivatives",
        "The derivative of a sine is a sine, so that derivatives of the network are as "
        "rich as itself.",
        "sitzmann2020",
    ),
    _tested(
        "snake_repeats",
        "Snake repeats with its frequency on top of a line, so that periodic data is "
        "continued beyond the training range.",
        "ziyin2020",
    ),
    _tested(
        "sigmoid_vanishes",
        "The derivative of sigmoid is at most 1/4, so that gradients vanish in a "
        "stack.",
        "glorot2010",
    ),
    _quoted(
        "leaky_relu_in_gans",
        "Discriminators of stable GANs have LeakyReLU of slope 0.2 in all layers.",
        "radford2016",
    ),
    _quoted(
        "maxout_is_learned",
        "Maxout approximates any convex function, at the cost of several times the "
        "weights.",
        "goodfellow2013",
    ),
    _tested(
        "relu_is_sparse",
        "Half of the outputs of ReLU are exactly 0 under a symmetric input.",
        "glorot2011",
    ),
)

CLAIMS: Mapping[str, Claim] = MappingProxyType({row.key: row for row in _ROWS})
"""Each claim by its name."""
