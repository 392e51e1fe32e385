"""How a model in diffusers' layout lies in a folder, on a disk as on the hub: names alone, for all who read one."""

from __future__ import annotations

INDEX = "model_index.json"
"""Makes a folder count as one whole model."""
FOLDERS = ("unet", "transformer", "text_encoder", "text_encoder_2", "text_encoder_3", "vae")
"""The folders whose weights are read."""
NORMALIZER = "image_normalizer"
"""Of a model that is steered by what CLIP sees in a picture: what its UNet knows of such pictures."""
IMAGE_ENCODER = "image_encoder"
"""What sees them."""
SCHEDULER = "scheduler/scheduler_config.json"
"""Says how the model was trained."""
