"""Darkroom: one OpenAI-compatible endpoint for every image model."""

VERSION = "0.1.0"
