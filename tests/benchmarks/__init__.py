"""Ratios of the project's quality bars, measured side by side: `python -m tests.benchmarks`."""
