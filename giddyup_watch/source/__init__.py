"""What is on disk: the master tree, read and never written."""
