"""Folders in which servers expect a model: Triton's repository, KServe's service."""

from keras_acts.packaging.contents import Contents
from keras_acts.packaging.write import FORMATS, package

__all__ = ["FORMATS", "Contents", "package"]
