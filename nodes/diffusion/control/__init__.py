"""ControlNets and T2I-Adapters: networks through which a picture steers a model, beside what a text tells it."""
