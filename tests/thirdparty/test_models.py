"""Models of other libraries answer as in Keras: `pytest --thirdparty`."""

import pytest

from keras_acts.export import ExportError
from support.thirdparty import architectures
from support.thirdparty.check import check

pytestmark = pytest.mark.filterwarnings("ignore")  # of the libraries' own code


def pytest_generate_tests(metafunc):
    found = architectures(metafunc.config.option.thirdparty)
    metafunc.parametrize("architecture", found, ids=str)


def test_answers_as_in_keras(architecture, record_property):
    record_property("architecture", architecture)
    if not architecture.refused_here:
        check(architecture)
        return
    with pytest.raises(ExportError) as caught:
        check(architecture)
    assert architecture.refused in str(caught.value)
