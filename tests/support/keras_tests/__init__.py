"""Keras's own layer tests, as configurations of layers to export.

Keras ships its `*_test.py` files in its wheel. Their test methods describe layers by
calls of `run_layer_test(...)`. `call_sites` finds these calls in the sources;
`collect` runs each method with a `run_layer_test` that only notes its arguments. No
call can vanish: one that Keras skips on this backend, or that no run comes to, stays
without a configuration and is counted.
"""

from support.keras_tests.collection import Collection, collect
from support.keras_tests.configuration import Configuration
from support.keras_tests.sites import Site, call_sites

__all__ = ["Collection", "Configuration", "Site", "call_sites", "collect"]
