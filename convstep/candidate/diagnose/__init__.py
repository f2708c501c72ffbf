"""Why a candidate is wrong: mistakes that give its numbers, and what there is to see."""
