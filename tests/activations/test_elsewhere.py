"""What the table of other libraries' names says is what those libraries do."""

import importlib

import keras
import numpy as np
import pytest
from keras import ops

from keras_acts import layers
from keras_acts._elsewhere import NAMES
from support.models import random

LIBRARIES = {"torch.nn": "torch", "jax.nn": "jax", "tf.nn": "tensorflow"}
HERE = [row for row in NAMES if LIBRARIES.get(row.library) == keras.backend.backend()]
NEEDED = {
    "Threshold": {"threshold": 0.0, "value": 0.0},
    "LogSoftmax": {"dim": -1},
    "Softmax": {"dim": -1},
    "Softmin": {"dim": -1},
}
"""Arguments that theirs require."""


def _theirs(row):
    if row.library == "torch.nn":
        import torch

        made = getattr(torch.nn, row.name)(**NEEDED.get(row.name, {}))
        return made.eval()
    module = importlib.import_module(LIBRARIES[row.library]).nn
    return getattr(module, row.name)


@pytest.mark.parametrize(
    "row", [row for row in HERE if row.layer], ids=lambda row: row.name
)
def test_theirs_is_ours(row):
    x = ops.convert_to_tensor(random(4, 6, 8))
    want = ops.convert_to_numpy(_theirs(row)(x))
    got = ops.convert_to_numpy(getattr(layers, row.layer)(**row.arguments)(x))
    np.testing.assert_allclose(got, want, rtol=2e-5, atol=1e-6)


@pytest.mark.runs_once("it reads names")
def test_each_layer_exists_and_each_name_stands_once():
    keys = [(row.library, row.name) for row in NAMES]
    assert len(set(keys)) == len(keys)
    for row in NAMES:
        assert (row.layer is None and row.note) or hasattr(layers, row.layer)


@pytest.mark.skipif(keras.backend.backend() != "torch", reason="it lists torch's")
def test_no_module_of_torch_is_missing():
    from torch.nn.modules import activation

    listed = {row.name for row in NAMES if row.library == "torch.nn"}
    assert set(activation.__all__) == listed


NO_ACTIVATIONS = {
    "jax": """
        dot_product_attention get_scaled_dot_general_config log1mexp logmeanexp
        logsumexp one_hot scaled_dot_general scaled_matmul standardize
    """,
    "tensorflow": """
        all_candidate_sampler approx_max_k approx_min_k atrous_conv2d
        atrous_conv2d_transpose avg_pool avg_pool1d avg_pool2d avg_pool3d
        batch_norm_with_global_normalization batch_normalization bias_add
        collapse_repeated compute_accidental_hits compute_average_loss conv1d
        conv1d_transpose conv2d conv2d_transpose conv3d conv3d_transpose conv_transpose
        convolution ctc_beam_search_decoder ctc_greedy_decoder ctc_loss
        ctc_unique_labels depth_to_space depthwise_conv2d
        depthwise_conv2d_backprop_filter depthwise_conv2d_backprop_input dilation2d
        dropout embedding_lookup embedding_lookup_sparse erosion2d
        fixed_unigram_candidate_sampler fractional_avg_pool fractional_max_pool in_top_k
        isotonic_regression l2_loss l2_normalize learned_unigram_candidate_sampler
        local_response_normalization log_poisson_loss lrn max_pool max_pool1d max_pool2d
        max_pool3d max_pool_with_argmax moments nce_loss normalize_moments pool
        safe_embedding_lookup_sparse sampled_softmax_loss scale_regularization_loss
        separable_conv2d sigmoid_cross_entropy_with_logits
        softmax_cross_entropy_with_logits space_to_batch space_to_depth
        sparse_softmax_cross_entropy_with_logits sufficient_statistics top_k
        weighted_cross_entropy_with_logits weighted_moments with_space_to_batch
        zero_fraction
    """,
}
"""What else the modules hold: losses, layers, sums and lookups."""


@pytest.mark.skipif(
    keras.backend.backend() not in NO_ACTIVATIONS, reason="torch's are listed above"
)
def test_no_function_of_the_module_is_missing():
    backend = keras.backend.backend()
    module = importlib.import_module(backend).nn
    public = {
        name
        for name in dir(module)
        if name == name.strip("_").lower() and callable(getattr(module, name))
    }
    listed = {row.name for row in HERE}
    assert public - set(NO_ACTIVATIONS[backend].split()) == listed
