"""The registry of actions. It imports neither screens nor widgets."""
