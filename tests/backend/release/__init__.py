"""The manifest of the deployed tree and the pins, each broken one thing at a time."""
