"""Converters of layers whose `call` is not made of `keras.ops`."""

import importlib
import pkgutil

for _module in sorted(
    module.name for module in pkgutil.walk_packages(__path__, f"{__name__}.")
):
    importlib.import_module(_module)
