"""What kernels stand on: compilation, its cache and target, threads, arrays, settings."""
