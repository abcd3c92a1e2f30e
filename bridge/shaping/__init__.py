"""What a route does with messages besides moving them: filters, chooses where to, maps attributes, wraps.

Pure, but for `filtering` and `choosing`, which are a source and a sink around others.
"""
