"""The command line: one module a command, each loading what it needs when it runs."""
