"""Handlers of operations and layers that aren't recorded as one node of their kind.

Every module below is imported automatically.
"""

import importlib
import pkgutil

for _module in sorted(
    module.name for module in pkgutil.walk_packages(__path__, f"{__name__}.")
):
    importlib.import_module(_module)
