"""How the embedded base model is made: corpus, tokenizer, model, optimiser, card."""
