"""The console in a real pseudo-terminal: signals, a vanished line, NO_COLOR, hostile bytes, the crash screen."""
