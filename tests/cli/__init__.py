"""The command line, run in this process: exit statuses and JSON."""
