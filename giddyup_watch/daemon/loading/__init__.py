"""The thread that writes facts: becomes active, takes what is ready, loads it, obeys orders."""
