"""Tests of convstep.oracle."""
