"""The packages. `pyproject.toml` can't say that those of `keras_acts.export` lie in
`export/`; everything else about this distribution stands there.
"""

from setuptools import find_packages, setup

setup(
    packages=[
        *find_packages(
            include=["keras_acts", "keras_acts.*"],
            exclude=["keras_acts.export", "keras_acts.export.*"],
        ),
        "keras_acts.export",
        *(f"keras_acts.export.{name}" for name in find_packages("export")),
    ],
    package_dir={"keras_acts.export": "export"},
)
