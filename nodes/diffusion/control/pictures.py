"""IP-Adapters (Ye et al. 2023, arXiv 2308.06721): a picture that a UNet attends to beside its text.

What CLIP sees in the picture becomes some tokens; each attention to the text gets a second one, to these tokens, and
the two are added. It is done by hooks that live as long as a forward, in the rows of the parts that carry a picture.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from nodes.diffusion.control.steering import Nets
from nodes.diffusion.header import SOURCE, Entry, Header, UnusableFile, WeightsFile
from nodes.diffusion.levels import Levels, is_within
from nodes.diffusion.looks import looks_like
from nodes.diffusion.read import fill_module
from nodes.diffusion.sources import open_again, open_files, pieces_of
from nodes.sentences import files as say
from nodes.types import IPAdapter, PicturePrompt, TextPart

PICTURE, ATTENTION = "image_proj.", "ip_adapter."
HEAD_WIDTH, FLOAT_BYTES = 64, 4
FULL = {"proj.0": "ff.net.0.proj", "proj.2": "ff.net.2", "proj.3": "norm"}
PLUS = {
    "0.norm1": "ln0", "0.norm2": "ln1", "0.to_q": "attn.to_q", "0.to_out": "attn.to_out.0",
    "1.0": "ff.0", "1.1": "ff.1.net.0.proj", "1.3": "ff.1.net.2",
}  # fmt: skip
"""Of a layer of the resampler, what diffusers calls its parts."""
TITLES = {768: "Stable Diffusion 1.x", 1024: "Stable Diffusion 2.x", 2048: "Stable Diffusion XL"}
"""By the width of the text that the model reads."""


@dataclass(frozen=True, eq=False)
class Prompted:
    """A picture prompt and the rows of a batch that attend to it, on the model's device."""

    prompt: PicturePrompt
    rows: Tensor
    """int64, the numbers of the rows."""
    tokens: Tensor
    """float32, one for each of these rows x tokens x width."""


@dataclass(frozen=True)
class IPAdapterRecipe:
    """Loads an IP-Adapter."""

    files: tuple[WeightsFile, ...]
    size: int
    """Bytes in float32."""

    @property
    def title(self) -> str:
        """For people."""
        return f"IP-Adapter {self.files[0].path.name}"

    def load(self, device: str, dtype: str) -> PictureReader:
        """Raises `UnusableFile`."""
        header = adapter_part(open_again(self.files))
        module = empty_reader(header)
        fill_module(module, header, "IP-Adapter", device, dtype)
        return module


class PictureReader(nn.Module):
    """What an IP-Adapter adds: a way from what CLIP sees to tokens, and keys and values of them for each attention."""

    def __init__(self, picture: nn.Module, text: int, widths: Sequence[int]) -> None:
        super().__init__()
        self.picture = picture
        self.keys = nn.ModuleList(nn.Linear(text, width, bias=False) for width in widths)
        self.values = nn.ModuleList(nn.Linear(text, width, bias=False) for width in widths)

    def tokens(self, seen: Tensor) -> Tensor:
        """Of what CLIP sees (batch x width, or batch x tokens x width): float32 on the CPU, batch x tokens x width."""
        like = self.keys[0].weight
        assert isinstance(like, Tensor)
        with torch.inference_mode():
            made: Tensor = self.picture(seen.to(like.device, like.dtype))
        return made.to("cpu", torch.float32, copy=True)


# ---------------------------------------------------------------- files


def read_ip_adapter(path: Path) -> IPAdapter:
    """Describe an IP-Adapter, reading its header only. Raises `UnusableFile`."""
    header = open_files(pieces_of(path))
    if not any(header.below(PICTURE)) or not any(header.below(ATTENTION)):
        raise UnusableFile(
            say.LOOKS_LIKE(file=path.name, found=looks_like(header), wanted=say.AN_IP_ADAPTER()),
            say.PICK_ANOTHER_FILE(),
        )
    part = adapter_part(header)
    empty_reader(part)
    text, widths = text_width(part), widths_of(part)
    size = FLOAT_BYTES * sum(entry.count for entry in part.entries.values())
    return IPAdapter(
        IPAdapterRecipe(header.files, size),
        title=f"an IP-Adapter for {TITLES.get(text, f'models that read texts {text} wide')}",
        sizes=(text, *widths),
        reads="summary" if "picture.image_embeds.weight" in part.entries else "states",
        seen=seen_width(part),
    )


def adapter_part(header: Header) -> Header:
    """The adapter, named as `PictureReader` names it. Raises `UnusableFile` for one that reads faces' identities."""
    picture, entries = header.part(PICTURE), dict[str, Entry]()
    if "perceiver_resampler.proj_in.weight" in picture.entries or (
        "proj.2.weight" in picture.entries and "proj.3.weight" not in picture.entries
    ):
        raise UnusableFile(
            say.FACE_ADAPTER(file=header.name),
            say.PLAIN_ADAPTER(),
        )
    for name, entry in picture.entries.items():
        for new, part in picture_name(name, entry, "latents" in picture.entries).items():
            entries[f"picture.{new}"] = part
    attention = header.part(ATTENTION)
    numbers = sorted({int(name.split(".")[0]) for name in attention.entries if name.split(".")[0].isdigit()})
    for place, number in enumerate(numbers):
        for old, new in (("to_k_ip", "keys"), ("to_v_ip", "values")):
            name = f"{number}.{old}.weight"
            if name in attention.entries:
                entries[f"{new}.{place}.weight"] = attention.entries[name]
    return header.with_entries(entries)


def picture_name(name: str, entry: Entry, plus: bool) -> dict[str, Entry]:
    """What diffusers makes of one tensor of the way from CLIP to tokens."""
    if not plus:
        stem, _, leaf = name.rpartition(".")
        return {f"{FULL.get(stem, 'image_embeds' if stem == 'proj' else stem)}.{leaf}": entry}
    found = re.fullmatch(r"layers\.(\d+)\.(.+)\.(weight|bias)", name)
    if found is None:
        return {name: entry}
    layer, inner, leaf = found.groups()
    if inner == "0.to_kv":
        return {f"layers.{layer}.attn.to_{letter}.{leaf}": entry.share(n, 2) for n, letter in enumerate("kv")}
    return {f"layers.{layer}.{PLUS.get(inner, inner)}.{leaf}": entry}


def text_width(part: Header) -> int:
    return part.shape("keys.0.weight", 2)[1]


def widths_of(part: Header) -> tuple[int, ...]:
    """Of the model's attentions to the text, in diffusers' order: down, up, middle."""
    return tuple(part.shape(f"keys.{place}.weight", 2)[0] for place in range(part.numbers("keys.")))


def seen_width(part: Header) -> int:
    """Width of what it reads of CLIP."""
    first = ("image_embeds", "proj_in", "ff.net.0.proj")
    name = next((f"picture.{one}.weight" for one in first if f"picture.{one}.weight" in part.entries), "")
    return part.shape(name or "picture.image_embeds.weight", 2)[1]


def empty_reader(part: Header) -> PictureReader:
    """Without weights, on the meta device."""
    text, embeddings = text_width(part), import_module("diffusers.models.embeddings")
    with torch.device("meta"):
        if "picture.latents" in part.entries:
            _, tokens, width = part.shape("picture.latents", 3)
            picture = embeddings.IPAdapterPlusImageProjection(
                embed_dims=seen_width(part), output_dims=text, hidden_dims=width, num_queries=tokens,
                depth=part.numbers("picture.layers."), dim_head=HEAD_WIDTH,
                heads=part.shape("picture.layers.0.attn.to_q.weight", 2)[0] // HEAD_WIDTH,
            )  # fmt: skip
        elif "picture.image_embeds.weight" in part.entries:
            tokens = part.shape("picture.image_embeds.weight", 2)[0] // text
            picture = embeddings.ImageProjection(seen_width(part), text, tokens)
        elif "picture.ff.net.2.weight" in part.entries:
            picture = embeddings.IPAdapterFullImageProjection(seen_width(part), text)
        else:
            raise UnusableFile(say.UNKNOWN_ADAPTER(file=part.name), SOURCE)
        return PictureReader(picture, text, widths_of(part))


# ---------------------------------------------------------------- a forward


def lay_pictures(parts: Sequence[TextPart], batch: int, device: str) -> tuple[Prompted, ...]:
    """The picture prompts of parts that follow one another in a batch, each part repeated over the batch."""
    return tuple(
        Prompted(
            prompt,
            (torch.arange(batch) + number * batch).to(device),
            prompt.tokens[torch.arange(batch) % len(prompt.tokens)].to(device),
        )
        for number, part in enumerate(parts)
        for prompt in part.pictures
        if prompt.strength
    )


def text_attentions(unet: Any) -> list[Any]:
    """Of diffusers' UNet, in the order in which it names them."""
    return [module for name, module in unet.named_modules() if name.endswith(".attn2")]


@contextmanager
def attending(unet: Any, prompted: Sequence[Prompted], nets: Nets, sigma: float, levels: Levels) -> Iterator[None]:
    """Let the UNet attend to these pictures until the block ends."""
    now = [one for one in prompted if is_within(sigma, levels, one.prompt.start, one.prompt.end)]
    handles = []
    try:
        for one in now:
            reader: PictureReader = nets.net(one.prompt.adapter.recipe)
            for attention, key, value in zip(text_attentions(unet), reader.keys, reader.values, strict=True):
                handles.append(attention.register_forward_hook(looking(one, key, value), with_kwargs=True))
        yield
    finally:
        for handle in handles:
            handle.remove()


def looking(one: Prompted, key: Any, value: Any) -> Any:
    """Adds what attending to the picture gives. The last layer of an attention is linear: it may follow the sum."""

    def hook(attention: Any, args: tuple[Any, ...], given: dict[str, Any], output: Tensor) -> Tensor:
        came = (args[0] if args else given["hidden_states"])[one.rows]
        tokens = one.tokens.to(key.weight.dtype)

        def heads(values: Tensor) -> Tensor:
            return values.view(*values.shape[:2], attention.heads, -1).transpose(1, 2)

        query = heads(attention.to_q(came))
        said = functional.scaled_dot_product_attention(query, heads(key(tokens)), heads(value(tokens)))
        last = attention.to_out[0]
        added = last(said.transpose(1, 2).flatten(2)) - last.bias
        return output.index_add(0, one.rows, added.to(output.dtype), alpha=one.prompt.strength)

    return hook
