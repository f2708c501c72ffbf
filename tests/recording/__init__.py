"""Promises of recording any function."""
