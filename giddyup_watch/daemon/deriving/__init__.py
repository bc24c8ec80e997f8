"""What is computed from the facts: refreshed, or kept up, on a connection of its own."""
