"""What changed in the tree: told by events, found by looking."""
