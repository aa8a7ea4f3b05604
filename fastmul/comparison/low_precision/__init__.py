"""compare("lowprecision"): the products of a language model's layers in every format, their speed, bytes and errors."""
