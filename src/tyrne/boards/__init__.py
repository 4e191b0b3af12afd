"""The machines the kernel runs on: one package per board."""
