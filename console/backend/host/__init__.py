"""This host: settings, the runtime tree, files, programs, processes, signals."""
