"""Plain Python: what every kernel means, without regard to speed."""
