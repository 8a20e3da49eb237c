"""The command line: parse, call one function, print; the only place that prints."""
