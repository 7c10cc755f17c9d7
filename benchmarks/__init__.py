"""Speed and memory beside other libraries, measured in the same run: `python -m benchmarks --help`."""
