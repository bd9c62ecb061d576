"""LoRA fine-tuning on a released data set, and the small base model that makes the first run real.

Importing this package costs nothing: torch, transformers and peft are imported by the modules that
compute, never by the ones that only describe (settings, gate, card).
"""
