"""A simulated day through the real functions, with everything that goes wrong on real days."""
