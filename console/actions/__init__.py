"""The one registry of actions: keys, palette, help and footer come from it. Below screens and widgets."""
