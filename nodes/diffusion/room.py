"""How much memory is free to compute in."""

from __future__ import annotations

import psutil
import torch


def free_bytes(device: str) -> int:
    """Bytes that may be allocated on a device now; what torch holds for reuse counts as free."""
    if device.startswith("cuda"):
        free, _ = torch.cuda.mem_get_info(device)
        return free + torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    return int(psutil.virtual_memory().available)
