"""Converters of `keras.ops`, in folders named after Keras's namespaces.

The converter of `"numpy.Flip"` is in `numpy/`, that of `"nn.Conv"` in `nn/`. Every
module below is imported automatically.
"""

import importlib
import pkgutil

for _module in sorted(
    module.name for module in pkgutil.walk_packages(__path__, f"{__name__}.")
):
    importlib.import_module(_module)
