"""The commands: each calls the backend as a screen would, and says what came of it."""
