"""Measurements, one command each; `docs/performance.md` is made of their results.

    pip install -e ".[bench]"
    python -m benchmarks.activations
    python -m benchmarks.models
    python -m benchmarks.export_cost
    python -m benchmarks.training
    python -m benchmarks.report

Every figure is a ratio of two things timed in the same run, in turns. `targets.toml`
holds the ratios to reach, and `reasons.toml` why some are missed.
"""
