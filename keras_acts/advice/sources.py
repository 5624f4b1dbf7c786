"""The publications that the advice rests on, each named once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True)
class Source:
    """A publication.

    Attributes:
        authors: Its authors; of more than three the first, "et al.".
        year: When it appeared.
        title: Its title.
    """

    authors: str
    year: int
    title: str

    def __str__(self) -> str:
        return f"{self.authors} ({self.year}), {self.title}"

    def to_dict(self) -> dict[str, object]:
        """Return the source in JSON's types."""
        return {"authors": self.authors, "year": self.year, "title": self.title}


_ROWS = {
    "ba2016": ("Ba, Kiros, Hinton", 2016, "Layer Normalization"),
    "bishop2006": ("Bishop", 2006, "Pattern Recognition and Machine Learning"),
    "bridle1990": (
        "Bridle",
        1990,
        "Probabilistic Interpretation of Feedforward Classification Network Outputs, "
        "with Relationships to Statistical Pattern Recognition",
    ),
    "clevert2016": (
        "Clevert, Unterthiner, Hochreiter",
        2016,
        "Fast and Accurate Deep Network Learning by Exponential Linear Units (ELUs)",
    ),
    "cho2014": (
        "Cho et al.",
        2014,
        "Learning Phrase Representations using RNN Encoder-Decoder for Statistical "
        "Machine Translation",
    ),
    "dugas2001": (
        "Dugas et al.",
        2001,
        "Incorporating Second-Order Functional Knowledge for Better Option Pricing",
    ),
    "glorot2010": (
        "Glorot, Bengio",
        2010,
        "Understanding the Difficulty of Training Deep Feedforward Neural Networks",
    ),
    "glorot2011": (
        "Glorot, Bordes, Bengio",
        2011,
        "Deep Sparse Rectifier Neural Networks",
    ),
    "golik2013": (
        "Golik, Doetsch, Ney",
        2013,
        "Cross-Entropy vs. Squared Error Training: a Theoretical and Experimental "
        "Comparison",
    ),
    "goodfellow2013": ("Goodfellow et al.", 2013, "Maxout Networks"),
    "goodfellow2016": ("Goodfellow, Bengio, Courville", 2016, "Deep Learning"),
    "hayou2019": (
        "Hayou, Doucet, Rousseau",
        2019,
        "On the Impact of the Activation Function on Deep Neural Networks Training",
    ),
    "he2015": (
        "He et al.",
        2015,
        "Delving Deep into Rectifiers: Surpassing Human-Level Performance on ImageNet "
        "Classification",
    ),
    "he2016": ("He et al.", 2016, "Deep Residual Learning for Image Recognition"),
    "hendrycks2016": (
        "Hendrycks, Gimpel",
        2016,
        "Gaussian Error Linear Units (GELUs)",
    ),
    "hochreiter1997": ("Hochreiter, Schmidhuber", 1997, "Long Short-Term Memory"),
    "howard2019": ("Howard et al.", 2019, "Searching for MobileNetV3"),
    "ioffe2015": (
        "Ioffe, Szegedy",
        2015,
        "Batch Normalization: Accelerating Deep Network Training by Reducing Internal "
        "Covariate Shift",
    ),
    "klambauer2017": (
        "Klambauer et al.",
        2017,
        "Self-Normalizing Neural Networks",
    ),
    "lecun1998": ("LeCun et al.", 1998, "Efficient BackProp"),
    "lu2020": (
        "Lu et al.",
        2020,
        "Dying ReLU and Initialization: Theory and Numerical Examples",
    ),
    "maas2013": (
        "Maas, Hannun, Ng",
        2013,
        "Rectifier Nonlinearities Improve Neural Network Acoustic Models",
    ),
    "martins2016": (
        "Martins, Astudillo",
        2016,
        "From Softmax to Sparsemax: A Sparse Model of Attention and Multi-Label "
        "Classification",
    ),
    "nair2010": (
        "Nair, Hinton",
        2010,
        "Rectified Linear Units Improve Restricted Boltzmann Machines",
    ),
    "nix1994": (
        "Nix, Weigend",
        1994,
        "Estimating the Mean and Variance of the Target Probability Distribution",
    ),
    "pascanu2013": (
        "Pascanu, Mikolov, Bengio",
        2013,
        "On the Difficulty of Training Recurrent Neural Networks",
    ),
    "radford2016": (
        "Radford, Metz, Chintala",
        2016,
        "Unsupervised Representation Learning with Deep Convolutional Generative "
        "Adversarial Networks",
    ),
    "ramachandran2017": (
        "Ramachandran, Zoph, Le",
        2017,
        "Searching for Activation Functions",
    ),
    "sandler2018": (
        "Sandler et al.",
        2018,
        "MobileNetV2: Inverted Residuals and Linear Bottlenecks",
    ),
    "shazeer2020": ("Shazeer", 2020, "GLU Variants Improve Transformer"),
    "sitzmann2020": (
        "Sitzmann et al.",
        2020,
        "Implicit Neural Representations with Periodic Activation Functions",
    ),
    "so2021": (
        "So et al.",
        2021,
        "Primer: Searching for Efficient Transformers for Language Modeling",
    ),
    "ziyin2020": (
        "Ziyin, Hartwig, Ueda",
        2020,
        "Neural Networks Fail to Learn Periodic Functions and How to Fix It",
    ),
}

SOURCES: Mapping[str, Source] = MappingProxyType(
    {key: Source(*row) for key, row in _ROWS.items()}
)
"""Each publication by the first author's name and the year."""
