"""The parts of the status page, each a function from what is known to HTML."""
