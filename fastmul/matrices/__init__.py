"""Matrix products over integers, floats and, later, any ring."""
