"""The pages of the reference, from docstrings: nothing is imported for them."""

from __future__ import annotations

_TEMPLATE = "# {title}\n\n{text}\n\n{parts}\n"

_EXPORT = (
    *("to_onnx", "export_model", "verify", "ParityReport", "register_converter"),
    *("GraphBuilder", "load_saved_model", "saved_model_signatures"),
    "load_keras2_model",
)
_ERRORS = (
    *("ExportError", "UnsupportedOperationError", "StatefulLayerError"),
    *("SignatureError", "NameClashError", "OpsetError", "OptionError", "ContextError"),
    *("GraphError", "WriteError", "EngineError", "ParityError"),
    *("UnsupportedKerasError", "EngineWarning", "NotProvenWarning"),
    "UnsupportedKerasWarning",
)
_FAMILIES = (
    *("exponential", "gated", "gaussian", "linear", "maxout", "normalizing"),
    *("periodic", "relu", "shrink", "sigmoid", "smooth", "softmax", "tanh"),
)


def _names(module: str, names: tuple[str, ...]) -> str:
    return "\n\n".join(f"::: {module}.{name}" for name in names)


def _module(path: str) -> str:
    return f"::: {path}\n    options:\n      show_submodules: true"


def _pages() -> list[tuple[str, str, str]]:
    """Return title, path and content of each page."""
    made = [
        (
            "Export",
            "export",
            "`keras_acts.export`",
            _names("keras_acts.export", _EXPORT),
        ),
        (
            "Errors",
            "errors",
            "What conversion raises.",
            _names("keras_acts.export", _ERRORS),
        ),
        (
            "Pictures",
            "plotting",
            "`keras_acts.plot` and `keras_acts.plotting`.",
            _names("keras_acts.plotting", ("plot", "curves", "overview", "Curve")),
        ),
        (
            "Advice",
            "advice",
            "`keras_acts.suggest`, `check` and `initializer_for`.",
            "\n\n".join(
                f"::: keras_acts.advice.{one}"
                for one in (
                    *("suggesting.suggest", "checking.check", "answers.Advice"),
                    *("answers.Suggestion", "initializers.initializer_for"),
                )
            ),
        ),
        (
            "Diagnosis",
            "diagnosis",
            "`keras_acts.diagnose` and the callback.",
            _names("keras_acts.diagnosis", ("diagnose", "DiagnosisCallback")),
        ),
        (
            "Catalogue",
            "catalogue",
            "The list of all activations.",
            _names("keras_acts.catalogue", ("activations", "find", "Activation")),
        ),
    ]
    made += [
        (
            f"Layers: {family}",
            f"layers-{family}",
            f"`keras_acts.layers`, the family {family}.",
            _module(f"keras_acts.layers.{family}"),
        )
        for family in _FAMILIES
    ]
    made += [
        (
            f"Functions: {family}",
            f"functional-{family}",
            f"`keras_acts.functional`, the family {family}.",
            _module(f"keras_acts.functional.{family}"),
        )
        for family in _FAMILIES
        if family != "normalizing"
    ]
    return [
        (title, f"reference/{name}.md", _filled(title, text, parts))
        for title, name, text, parts in made
    ]


def _filled(title: str, text: str, parts: str) -> str:
    return _TEMPLATE.format(title=title, text=text, parts=parts)


PAGES = _pages()
"""Title, path and content of each page."""
