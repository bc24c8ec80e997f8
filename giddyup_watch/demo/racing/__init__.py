"""A made-up racing world: the same seed gives the same horses, fixtures and results for ever."""
