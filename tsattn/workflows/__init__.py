"""What the verbs of tsattn.api are made of: planning a training run, choosing a model, training, scoring, results."""
