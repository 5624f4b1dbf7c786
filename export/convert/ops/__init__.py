"""Converters of `keras.ops`; the folders are Keras's namespaces.

The converter of `"numpy.Flip"` stands in `numpy/`, that of `"nn.Conv"` in `nn/`. Every
module below is imported, so that a new one needs no entry in a list.
"""

import importlib
import pkgutil

for _module in sorted(
    module.name for module in pkgutil.walk_packages(__path__, f"{__name__}.")
):
    importlib.import_module(_module)
