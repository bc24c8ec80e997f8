"""What the threads know of each other: queue, orders, role, problems, heartbeats."""
