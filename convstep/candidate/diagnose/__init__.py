"""Why a candidate is wrong: known mistakes that reproduce its numbers, and what can be observed."""
