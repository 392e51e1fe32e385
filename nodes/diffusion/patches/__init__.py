"""Changes to the weights of a model that do not touch its file: LoRAs and their kin, and mixtures of models."""
