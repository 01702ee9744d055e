"""The Textual application: terminal, driver, crash screen, and how it is opened."""
