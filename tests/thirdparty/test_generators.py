"""KerasHub's language models, exported, take the tokens of their own `generate`."""

import pytest

from keras_acts.export import Generator, UnsupportedOperationError, export_generator
from support.thirdparty import generators

pytestmark = pytest.mark.filterwarnings("ignore")  # of the library's own code

PROMPTS = [[1, 2, 3], [7, 8, 9, 4, 5]]
LENGTH = 12


def pytest_generate_tests(metafunc):
    found = generators.names(metafunc.config.option.thirdparty)
    metafunc.parametrize("name", found)


def test_tokens_are_those_of_generate(name, tmp_path):
    model = generators.made(name)
    if name in generators.REFUSED:
        with pytest.raises(UnsupportedOperationError) as caught:
            export_generator(model, tmp_path / "lm")
        assert generators.REFUSED[name] in str(caught.value)
        return
    assert export_generator(model, tmp_path / "lm").passed
    if name in generators.ANOTHER_LOOP:
        return
    generator = Generator(tmp_path / "lm")
    found = generator.generate(PROMPTS, max_length=LENGTH, stop_token_ids=None)
    want = generators.generated(model, PROMPTS, LENGTH)
    assert [row.tolist() for row in found] == want
