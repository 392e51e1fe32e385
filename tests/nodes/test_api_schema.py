"""Every word of the vocabulary, and the schema it becomes."""

from __future__ import annotations

import enum
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, Optional, TypeVar

import msgspec

from nodes.api import (
    Choices,
    Context,
    ImageFile,
    Input,
    Lazy,
    ModelFile,
    Node,
    NodeSchema,
    Number,
    Output,
    Seed,
    Slider,
    Text,
    Title,
    node,
    socket,
)


@socket(colour="#64b5f6")
@dataclass(frozen=True)
class Image:
    pixels: int = 0


@socket(colour="#81c784", shape="◐")
class Mask: ...


T = TypeVar("T")
Picture = TypeVar("Picture", Image, Mask)
Bounded = TypeVar("Bounded", bound=Image)
Fraction = Annotated[float, Slider(min=0.0, max=1.0, step=0.01)]


class Blended(NamedTuple):
    image: Image
    changed: Mask


class Mode(enum.Enum):
    NORMAL = "normal"
    MULTIPLY = "multiply"


@dataclass(frozen=True)
class PNG:
    compress: Annotated[int, Slider(0, 9)] = 4


@dataclass(frozen=True)
class JPEG:
    """A small picture.

    Attributes:
        quality: 100 is the best.
    """

    quality: Annotated[int, Slider(1, 100)] = 90
    tags: list[str] = field(default_factory=list)


def only(declared: Node[..., Any]) -> Input:
    (found,) = declared.schema.inputs
    return found


@node(category="image/composite")
def blend_images(
    base: Image, overlay: Image, factor: Fraction = 0.5, mode: Literal["normal", "multiply"] = "normal"
) -> Blended:
    """Blend one image over another.

    Nothing is clipped.

    Args:
        base: The image underneath;
            its size is kept.
        factor: 0 shows only the base, 1 the full blend.

    Returns:
        changed: How far each pixel moved.
    """
    return Blended(base, Mask())


def test_a_function_becomes_a_whole_schema() -> None:
    assert blend_images.schema == NodeSchema(
        id="blend_images",
        title="Blend images",
        category="image/composite",
        help="Blend one image over another.\n\nNothing is clipped.",
        version=1,
        inputs=(
            Input("base", "Image", "Base", "The image underneath; its size is kept."),
            Input("overlay", "Image", "Overlay"),
            Input(
                "factor",
                "float",
                "Factor",
                "0 shows only the base, 1 the full blend.",
                default=0.5,
                required=False,
                widget={"kind": "slider", "min": 0.0, "max": 1.0, "step": 0.01, "integer": False},
            ),
            Input(
                "mode",
                "str",
                "Mode",
                default="normal",
                required=False,
                widget={"kind": "choices", "options": ["normal", "multiply"]},
            ),
        ),
        outputs=(Output("image", "Image", "Image"), Output("changed", "Mask", "Changed", "How far each pixel moved.")),
        is_output=False,
    )


def test_a_node_is_still_the_function_it_was() -> None:
    assert blend_images(Image(3), Image(4)).image == Image(3)


def test_a_schema_is_plain_data() -> None:
    text = msgspec.json.encode(blend_images.schema)
    assert msgspec.json.decode(text, type=NodeSchema) == blend_images.schema


def test_a_single_output_is_called_result_and_takes_the_help_of_returns() -> None:
    @node(category="test")
    def invert(image: Image) -> Image:
        """Turn light to dark.

        Returns:
            The negative.
        """
        return image

    assert invert.schema.outputs == (Output("result", "Image", "Result", "The negative."),)


def test_a_node_that_returns_nothing_is_an_output() -> None:
    @node(category="test")
    def save(image: Image) -> None: ...

    assert (save.schema.outputs, save.schema.is_output) == ((), True)


def test_output_true_runs_a_node_that_also_returns_something() -> None:
    @node(category="test", output=True)
    def note(image: Image) -> Image:
        return image

    assert note.schema.is_output and note.schema.cached


def test_cache_false_title_and_version_are_kept() -> None:
    @node(category="test", title="Now", cache=False, version=3)
    def clock() -> float:
        return 0.0

    assert (clock.schema.title, clock.schema.cached, clock.schema.version) == ("Now", False, 3)


def test_plain_types_bring_their_widgets() -> None:
    @node(category="test")
    def plain(count: int, size: float, name: str, on: bool, path: Path, number: int | float = 1) -> None: ...

    assert [(found.type, found.widget) for found in plain.schema.inputs] == [
        ("int", {"kind": "number", "integer": True}),
        ("float", {"kind": "number", "integer": False}),
        ("str", {"kind": "text", "lines": 1}),
        ("bool", {"kind": "toggle"}),
        ("file", None),
        ("int|float", {"kind": "number", "integer": False}),
    ]


def test_annotated_widgets_carry_their_options() -> None:
    @node(category="test")
    def annotated(
        seed: Annotated[int, Seed()],
        text: Annotated[str, Text(lines=5)],
        prompt: Annotated[str, Text(lines=3, prompt=True)],
        size: Annotated[int, Number(min=8, step=8)],
        lora: Annotated[Path, ModelFile("loras")],
        picture: Annotated[Path, ImageFile()],
        painted: Annotated[Path, ImageFile(mask_of="picture")],
    ) -> None: ...

    assert [(found.type, found.widget) for found in annotated.schema.inputs] == [
        ("int", {"kind": "seed"}),
        ("str", {"kind": "text", "lines": 5}),
        ("str", {"kind": "text", "lines": 3, "prompt": True}),
        ("int", {"kind": "number", "min": 8, "step": 8, "integer": True}),
        ("file", {"kind": "model_file", "folder": "loras", "options": []}),
        ("file", {"kind": "image_file", "options": []}),
        ("file", {"kind": "image_file", "options": [], "mask_of": "picture"}),
    ]


def test_limits_are_the_same_however_they_were_written_first() -> None:
    """Python takes equal hints for one object, so the first module imported would decide for all others."""

    @node(category="test")
    def first(a: Annotated[float, Number(min=0.0, max=7.0, step=0.5)]) -> int:
        return 0

    @node(category="test")
    def later(a: Annotated[float, Number(min=0, max=7, step=0.5)]) -> int:
        return 0

    shown = json.dumps(first.schema.input("a").widget)
    assert shown == json.dumps(later.schema.input("a").widget)
    assert '"min": 0, "max": 7, "step": 0.5' in shown


def test_choices_keep_the_types_of_their_values() -> None:
    @node(category="test")
    def choose(
        times: Literal[1, 2] = 1,
        mode: Mode = Mode.MULTIPLY,
        mixed: Literal["auto", 8] = 8,
        listed: Annotated[str, Choices(["a", "b"])] = "b",
    ) -> None: ...

    assert [(found.type, found.default, found.widget) for found in choose.schema.inputs] == [
        ("int", 1, {"kind": "choices", "options": [1, 2]}),
        ("str", "multiply", {"kind": "choices", "options": ["normal", "multiply"]}),
        ("str|int", 8, {"kind": "choices", "options": ["auto", 8]}),
        ("str", "b", {"kind": "choices", "options": ["a", "b"]}),
    ]


def test_a_function_of_choices_is_not_called_by_the_declaration() -> None:
    @node(category="test")
    def choose(name: Annotated[str, Choices(lambda: [str(1 / 0)])] = "x") -> None: ...

    assert only(choose).widget == {"kind": "choices"}


def test_optional_inputs_are_not_required_however_they_are_written() -> None:
    @node(category="test")
    def optional(
        a: Mask | None,
        b: Optional[Mask] = None,  # noqa: UP045  # authors write it
        c: Annotated[float, Slider(0, 1)] | None = None,
        d: Annotated[float | None, Slider(0, 1)] = None,
        e: list[Mask] | None = None,
        f: Fraction | None = 0.5,
    ) -> None: ...

    assert [found.required for found in optional.schema.inputs] == [False] * 6
    assert [found.type for found in optional.schema.inputs] == ["Mask", "Mask", "float", "float", "Mask", "float"]
    slider = {"kind": "slider", "min": 0, "max": 1, "integer": False}
    assert [found.widget for found in optional.schema.inputs[2:4]] == [slider, slider]
    assert optional.schema.input("e").is_list and optional.schema.input("f").default == 0.5


def test_star_arguments_grow() -> None:
    @node(category="test")
    def join(*images: Image, gap: int = 0) -> Image:
        return images[0]

    grown, gap = join.schema.inputs
    assert (grown.grows, grown.required, grown.type, gap.grows) == (True, False, "Image", False)


def test_a_union_of_dataclasses_is_a_choice_that_brings_inputs() -> None:
    @node(category="test")
    def save(image: Image, format: PNG | JPEG = JPEG(quality=70)) -> None: ...

    found = save.schema.input("format")
    assert (found.type, found.default, found.required) == ("variant", "JPEG", False)
    assert found.widget is not None and found.widget["kind"] == "variant"
    png, jpeg = found.widget["options"]["PNG"], found.widget["options"]["JPEG"]
    assert [(one.name, one.default) for one in png] == [("compress", 4)]
    assert [(one.name, one.default, one.help) for one in jpeg] == [
        ("quality", 70, "100 is the best."),
        ("tags", [], ""),
    ]


def test_a_single_dataclass_and_an_optional_one_are_variants_too() -> None:
    @node(category="test")
    def save(format: PNG, other: PNG | JPEG | None = None) -> None: ...

    first, second = save.schema.inputs
    assert (first.default, first.required) == ("PNG", False)
    assert (second.default, second.required) == (None, False)


def test_type_variables_become_names_with_their_bounds() -> None:
    @node(category="test")
    async def switch(first: bool, a: Lazy[T], b: Lazy[T], c: Picture, d: Bounded) -> T:
        return await a()

    assert [found.type for found in switch.schema.inputs] == ["bool", "$T", "$T", "$Picture", "$Bounded"]
    assert [found.lazy for found in switch.schema.inputs] == [False, True, True, False, False]
    assert switch.schema.outputs[0].type == "$T"
    assert switch.schema.type_variables == {"Picture": "Image|Mask", "Bounded": "Image"}
    assert switch.schema.is_async


def test_lists_lazy_and_optional_may_be_nested_in_any_sensible_order() -> None:
    @node(category="test")
    async def nested(
        a: Lazy[list[Image]], b: Lazy[Image | None], c: Lazy[Image] | None, d: list[Annotated[Image, "anything"]]
    ) -> list[Image]:
        return await a()

    assert [(i.type, i.lazy, i.is_list, i.required) for i in nested.schema.inputs] == [
        ("Image", True, True, True),
        ("Image", True, False, False),
        ("Image", True, False, False),
        ("Image", False, True, True),
    ]
    assert nested.schema.outputs == (Output("result", "Image", "Result", is_list=True),)


def test_unions_of_sockets_and_any_are_types() -> None:
    @node(category="test")
    def both(a: Image | Mask, b: Any, c: Image | str) -> Any: ...

    assert [found.type for found in both.schema.inputs] == ["Image|Mask", "any", "Image|str"]
    assert [found.widget for found in both.schema.inputs] == [None, None, None]
    assert both.schema.outputs[0].type == "any"


def test_the_context_is_found_by_its_type_and_is_no_input() -> None:
    @node(category="test")
    def track(image: Image, ctx: Context) -> Image:
        return image

    @node(category="test")
    def maybe(image: Image, link: Context | None = None) -> Image:
        return image

    assert (track.schema.wants_context, [i.name for i in track.schema.inputs]) == ("ctx", ["image"])
    assert (maybe.schema.wants_context, [i.name for i in maybe.schema.inputs]) == ("link", ["image"])


def test_a_title_replaces_the_name_in_words() -> None:
    @node(category="test")
    def sample(cfg_scale: Annotated[Fraction, Title("Guidance (CFG)")] = 0.5, step_count: int = 1) -> None: ...

    assert [found.title for found in sample.schema.inputs] == ["Guidance (CFG)", "Step count"]
    assert sample.schema.inputs[0].widget is not None


def test_an_undocumented_node_has_empty_help() -> None:
    @node(category="test")
    def bare(a: int) -> None: ...

    assert (bare.schema.help, only(bare).help) == ("", "")


def test_other_sections_of_a_docstring_disturb_nothing() -> None:
    @node(category="test")
    def read(a: int, *rest: int) -> int:
        """Read.

        Args:
            a (int): The first: with a colon.
            *rest: All others.

        Raises:
            ValueError: Never.

        Returns:
            The sum.
        """
        return a

    assert [found.help for found in read.schema.inputs] == ["The first: with a colon.", "All others."]
    assert (read.schema.help, read.schema.outputs[0].help) == ("Read.", "The sum.")


def test_nodes_and_types_of_a_pack_are_named_after_it() -> None:
    def curl(image: Image) -> Image:
        return image

    curl.__module__ = "custom_nodes.curly.nodes"
    declared = node(category="test")(curl)
    assert (declared.schema.id, declared.schema.pack, declared.schema.title) == ("curly/curl", "curly", "Curl")


def test_the_source_of_a_node_has_a_digest_that_changes_with_it() -> None:
    def first(a: int) -> int:
        return a

    other = compile("def first(a: int) -> int:\n    return a + 1\n", "<typed in>", "exec")
    names: dict[str, Any] = {}
    exec(other, names)
    declared, typed_in = node(category="test")(first), node(category="test")(names["first"])
    assert len(declared.source_digest) == len(typed_in.source_digest) == 64
    assert declared.source_digest == node(category="test")(first).source_digest != typed_in.source_digest


def test_defaults_are_canonical_plain_data() -> None:
    @node(category="test")
    def defaults(a: float = 1, b: Annotated[Path, ModelFile("loras")] = Path("sub/x.safetensors")) -> None: ...

    assert [repr(found.default) for found in defaults.schema.inputs] == ["1.0", "'sub/x.safetensors'"]
    assert json.loads(msgspec.json.encode(defaults.schema))["inputs"][1]["default"] == "sub/x.safetensors"
